// Barriers, ends, idleness and recording at the receiving end.
#include <doctest/doctest.h>

#include <string>

#include <weir/dataflow/input_gate.hpp>

using namespace weir;

namespace {

BatchPtr batch(int value) {
  auto made = std::make_unique<Batch<int>>();
  made->push(value, EventTime{value});
  return made;
}

Barrier barrier(CheckpointId checkpoint, Barrier::Mode mode = Barrier::Mode::Aligned) { return {checkpoint, 0, mode}; }

/// A gate whose events and recordings are read as words.
class Gate {
 public:
  explicit Gate(std::vector<InputChannel> channels)
      : gate(std::move(channels), [this](std::uint32_t channel, const Element& element) {
          recorded += " " + std::to_string(channel) + ":" + name(element);
        }) {}

  static std::string name(const Element& element) {
    if (is_batch(element)) return std::to_string(batch_of<int>(*std::get<BatchPtr>(element)).records.front());
    if (const auto* watermark = std::get_if<Watermark>(&element)) return "w" + std::to_string(watermark->time.ms);
    return "?";
  }

  std::string next() {
    GateEvent event = gate.next([this](std::uint32_t input) { return input != refused; });
    switch (event.kind) {
      case GateEvent::Kind::None: return "none";
      case GateEvent::Kind::Batch: return std::to_string(batch_of<int>(*event.batch).records.front());
      case GateEvent::Kind::Watermark: return "w" + (event.time == EventTime::max() ? "end" : std::to_string(event.time.ms));
      case GateEvent::Kind::Idle: return "idle";
      case GateEvent::Kind::Barrier: return "barrier" + std::to_string(event.barrier.checkpoint);
      case GateEvent::Kind::InputEnded: return "input" + std::to_string(event.input) + "ended";
      case GateEvent::Kind::Probe: return "probe";
      case GateEvent::Kind::Ended: return "ended";
    }
    return "?";
  }
  std::string all() {
    std::string words;
    for (std::string word = next(); word != "none"; word = next()) words += (words.empty() ? "" : " ") + word;
    return words;
  }

  InputGate gate;
  std::string recorded;
  std::uint32_t refused = 99;
};

constexpr InputChannel kCopies{0, InputChannel::Kind::Copies};

}  // namespace

TEST_CASE("a channel that ends lacks no barrier and holds back no watermark") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, Watermark{EventTime{5}});
  gate.gate.enqueue(0, barrier(1));
  gate.gate.enqueue(1, Watermark{EventTime::max()});
  gate.gate.enqueue(1, End{});
  CHECK(gate.all() == "w5 barrier1");
  gate.gate.enqueue(0, Watermark{EventTime::max()});
  gate.gate.enqueue(0, End{});
  CHECK(gate.all() == "wend input0ended ended");
}

TEST_CASE("the watermark of a channel that was stopped stays where it was") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, Watermark{EventTime{5}});
  gate.gate.enqueue(1, Watermark{EventTime{9}});
  CHECK(gate.all() == "w5");
  gate.gate.enqueue(0, End{});
  gate.gate.enqueue(1, Watermark{EventTime{20}});
  gate.gate.enqueue(1, End{});
  CHECK(gate.all() == "input0ended ended");
  CHECK(gate.gate.watermark() == EventTime{5});
}

TEST_CASE("idle channels are left out until something comes on them") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, Watermark{EventTime{5}});
  gate.gate.enqueue(1, Idle{});
  CHECK(gate.all() == "w5");
  gate.gate.enqueue(0, Idle{});
  CHECK(gate.all() == "idle");
  gate.gate.enqueue(1, batch(1));
  gate.gate.enqueue(0, Watermark{EventTime{7}});
  CHECK(gate.all() == "1");  // channel 1 is back and has told no watermark
  gate.gate.enqueue(1, Watermark{EventTime{6}});
  CHECK(gate.all() == "w6");
}

TEST_CASE("a refused input keeps its batches, and what is behind them") {
  Gate gate({{0, {}}, {1, {}}});
  gate.refused = 1;
  gate.gate.enqueue(1, batch(1));
  gate.gate.enqueue(1, Watermark{EventTime{5}});
  gate.gate.enqueue(0, batch(2));
  CHECK(gate.all() == "2");
  gate.refused = 99;
  CHECK(gate.all() == "1");
}

TEST_CASE("an overtaking barrier records what it passes, queued and still to come") {
  Gate gate(std::vector<InputChannel>(3));
  gate.gate.enqueue(0, batch(1));
  gate.gate.enqueue(0, barrier(1));
  gate.gate.enqueue(0, batch(2));
  gate.gate.enqueue(1, batch(3));
  gate.gate.enqueue(1, Watermark{EventTime{3}});
  const auto reported = gate.gate.overtake();
  REQUIRE(reported.has_value());
  CHECK(reported->mode == Barrier::Mode::Overtaking);
  CHECK(gate.gate.recording());
  gate.gate.enqueue(1, batch(4));
  gate.gate.enqueue(1, barrier(1));
  gate.gate.enqueue(1, batch(5));
  gate.gate.enqueue(2, End{});
  CHECK(!gate.gate.recording());
  CHECK(gate.recorded == " 0:1 1:3 1:w3 1:4");
  CHECK(gate.all() == "1 3 2 4 5");
}

TEST_CASE("a savepoint is never overtaken, nor is a barrier that a broadcast channel lacks") {
  Gate savepoint(std::vector<InputChannel>(2));
  savepoint.gate.enqueue(0, barrier(1, Barrier::Mode::Savepoint));
  CHECK(!savepoint.gate.overtake());
  Gate copies({{}, kCopies});
  copies.gate.enqueue(0, barrier(1));
  CHECK(!copies.gate.overtake());
  copies.gate.enqueue(1, barrier(1));
  CHECK(copies.all() == "barrier1");
}

TEST_CASE("a newer barrier takes the place of one that was given up, and a recording goes over to it") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, barrier(1));
  REQUIRE(gate.gate.overtake());
  CHECK(gate.gate.recording());  // channel 1 lacks barrier 1, and never gets it
  gate.gate.enqueue(0, barrier(2));
  REQUIRE(gate.gate.overtake());
  gate.gate.enqueue(1, batch(1));
  gate.gate.enqueue(1, barrier(2));
  CHECK(!gate.gate.recording());
  CHECK(gate.all() == "1");
}

TEST_CASE("an abandoned checkpoint blocks and records nothing, and its late barriers are ignored") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, barrier(1));
  gate.gate.enqueue(0, batch(1));
  CHECK(gate.all() == "");
  gate.gate.abandon(1);
  CHECK(gate.all() == "1");
  gate.gate.enqueue(1, barrier(1));
  gate.gate.enqueue(1, batch(2));
  CHECK(gate.all() == "2");
}

TEST_CASE("restored elements come before all others") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, batch(1));
  gate.gate.restore(1, batch(2));
  gate.gate.restore(1, batch(3));
  gate.gate.enqueue(1, batch(4));
  CHECK(gate.all() == "2 3 1 4");
}

TEST_CASE("a barrier that waits on an idle channel does not make it active") {
  Gate gate(std::vector<InputChannel>(2));
  gate.gate.enqueue(0, Idle{});
  CHECK(gate.all() == "");
  gate.gate.enqueue(1, Watermark{EventTime{3}});
  CHECK(gate.all() == "w3");  // and the second channel is looked at first from here on
  gate.gate.enqueue(0, barrier(1));
  gate.gate.enqueue(1, Watermark{EventTime{9}});
  CHECK(gate.all() == "w9");
}

TEST_CASE("of watermarks with nothing between them only the last waits") {
  Gate gate(std::vector<InputChannel>(1));
  gate.refused = 0;
  gate.gate.enqueue(0, batch(1));
  gate.gate.enqueue(0, Watermark{EventTime{1}});
  gate.gate.enqueue(0, Watermark{EventTime{2}});
  gate.gate.enqueue(0, batch(2));
  gate.gate.enqueue(0, Watermark{EventTime{3}});
  gate.gate.enqueue(0, barrier(1));
  gate.gate.enqueue(0, Watermark{EventTime{4}});
  gate.gate.enqueue(0, Watermark{EventTime{5}});
  CHECK(gate.all() == "");
  gate.refused = 99;
  CHECK(gate.all() == "1 w2 2 w3 barrier1 w5");
}

TEST_CASE("a watermark takes no restored one's place, nor a lower one a higher one's, nor the end of time any") {
  Gate gate(std::vector<InputChannel>(1));
  gate.gate.restore(0, Watermark{EventTime{1}});
  gate.gate.enqueue(0, Watermark{EventTime{2}});
  CHECK(gate.all() == "w1 w2");
  gate.gate.enqueue(0, Watermark{EventTime{3}});
  gate.gate.enqueue(0, Watermark{EventTime::max()});
  gate.gate.enqueue(0, Watermark{EventTime{7}});
  CHECK(gate.all() == "w3 wend");
}

TEST_CASE("a channel that is behind in event time goes first") {
  Gate inputs({{}, {}});
  inputs.gate.enqueue(0, Watermark{{100}});
  inputs.gate.enqueue(1, Watermark{{10}});
  CHECK(inputs.all() == "w10");
  for (const int value : {101, 102}) inputs.gate.enqueue(0, batch(value));
  for (const int value : {11, 12, 13}) inputs.gate.enqueue(1, batch(value));
  CHECK(inputs.all() == "11 12 13 101 102");
}

TEST_CASE("a channel that has caught up takes turns again") {
  Gate inputs({{}, {}});
  inputs.gate.enqueue(0, Watermark{{100}});
  inputs.gate.enqueue(1, Watermark{{10}});
  CHECK(inputs.all() == "w10");
  for (const int value : {101, 102}) inputs.gate.enqueue(0, batch(value));
  inputs.gate.enqueue(1, batch(11));
  inputs.gate.enqueue(1, Watermark{{100}});
  for (const int value : {12, 13}) inputs.gate.enqueue(1, batch(value));
  CHECK(inputs.all() == "11 w100 101 12 102 13");
}

TEST_CASE("a channel that is behind for ever does not keep the others from their turns") {
  Gate inputs({{}, {}});
  inputs.gate.enqueue(0, Watermark{{100}});
  inputs.gate.enqueue(1, Watermark{{10}});
  CHECK(inputs.all() == "w10");
  inputs.gate.enqueue(0, batch(1000));
  for (int value = 1; value <= 20; ++value) inputs.gate.enqueue(1, batch(value));  // the first in its turn
  CHECK(inputs.all() == "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1000 17 18 19 20");
}

TEST_CASE("a channel without watermarks takes its turns only") {
  Gate inputs({{}, {}});
  inputs.gate.enqueue(0, Watermark{{100}});
  CHECK(inputs.all() == "");
  for (const int value : {101, 102}) inputs.gate.enqueue(0, batch(value));
  for (const int value : {1, 2}) inputs.gate.enqueue(1, batch(value));
  CHECK(inputs.all() == "101 1 102 2");
}

namespace {

class CountedBatch final : public PackedBatch {
 public:
  CountedBatch(int value, int& unpacked) : value_(value), unpacked_(unpacked) {}

  BatchPtr unpack() const override {
    ++unpacked_;
    return batch(value_);
  }

 private:
  int value_;
  int& unpacked_;
};

}  // namespace

TEST_CASE("a batch that came packed is unpacked when its turn comes") {
  Gate gate(std::vector<InputChannel>(1));
  int unpacked = 0;
  for (const int value : {1, 2}) gate.gate.enqueue(0, std::make_unique<const CountedBatch>(value, unpacked));
  CHECK(gate.gate.queued_batches(0) == 2);
  CHECK(unpacked == 0);
  CHECK(gate.next() == "1");
  CHECK(unpacked == 1);
  CHECK(gate.next() == "2");
  CHECK(gate.gate.queued_batches(0) == 0);
  CHECK(gate.next() == "none");
}
