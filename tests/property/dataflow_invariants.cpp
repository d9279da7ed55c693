// The invariants of the dataflow core, each on the smallest component that shows it. I10, that no frame of an older attempt
// is processed, is in attempts.cpp: the core knows no attempts.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "sim/ledger.hpp"
#include "support/task_harness.hpp"
#include "support/temporary_directory.hpp"

#include <weir/dataflow/in_flight.hpp>
#include <weir/state/checkpoint_store.hpp>

using namespace weir;
using namespace weir::testing;

namespace {

constexpr std::uint64_t kSeeds = 200;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool chance(std::size_t percent) { return below(100) < percent; }

 private:
  std::mt19937_64 random_;
};

BatchPtr batch_with(std::initializer_list<std::int64_t> values) {
  auto batch = std::make_unique<Batch<std::int64_t>>();
  for (const std::int64_t value : values) batch->push(value, EventTime{value});
  return batch;
}

OperatorFactory count_per_key() {
  return operator_of<std::int64_t>([](auto numbers) { return numbers.key_by(itself).count("count"); });
}

/// The counts in a snapshot, by restoring it and counting each key once more.
std::map<std::int64_t, std::int64_t> counts_in(const std::vector<const Snapshot*>& stored, std::int64_t keys) {
  TaskHarness again(count_per_key(), {}, stored);
  std::map<std::int64_t, std::int64_t> counts;
  for (std::int64_t key = 0; key < keys; ++key) again.push<std::int64_t>({{key, 0}});
  for (const auto& [counted, at] : again.take<Keyed<std::int64_t, std::int64_t>>()) counts[counted.key] = counted.value - 1;
  return counts;
}

}  // namespace

TEST_CASE("I1: no batch is sent without credit") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    const auto channels = static_cast<std::uint32_t>(1 + draw.below(4));
    CreditOptions options;
    options.window = static_cast<std::uint32_t>(1 + draw.below(4));
    options.batch_records = static_cast<std::uint32_t>(1 + draw.below(6));
    std::vector<std::uint64_t> credit(channels, options.window);
    std::vector<std::vector<std::int64_t>> arrived(channels);
    const PartitionerFactory routing = draw.chance(50) ? rebalance_partitioner() : shuffle_partitioner(seed);
    OutputEdge edge(routing(0), channels, options, [&](std::uint32_t channel, Element element) {
      if (!is_batch(element)) return;
      REQUIRE(credit[channel] > 0);
      --credit[channel];
      for (const std::int64_t value : batch_of<std::int64_t>(*std::get<BatchPtr>(element)).records) arrived[channel].push_back(value);
    });
    std::int64_t next = 0;
    CheckpointId checkpoint = 0;
    for (int step = 0; step < 300; ++step) {
      switch (draw.below(7)) {
        case 0:
        case 1:
        case 2: {
          auto batch = batch_with({});
          for (std::size_t records = draw.below(5); records > 0; --records) {
            batch_of<std::int64_t>(*batch).push(next, EventTime{next});
            ++next;
          }
          edge.accept(std::move(batch));
          break;
        }
        case 3: edge.broadcast(Watermark{EventTime{next}}); break;
        case 4: edge.flush(); break;
        case 5:
          if (draw.chance(50)) edge.broadcast(Barrier{++checkpoint, 0, Barrier::Mode::Aligned});
          else edge.overtake(Barrier{++checkpoint, 0, Barrier::Mode::Overtaking}, [](std::uint32_t, const Element&) {});
          break;
        default: {
          const auto channel = static_cast<std::uint32_t>(draw.below(channels));
          credit[channel] += 2;
          edge.grant(channel, {2, options.batch_records});
        }
      }
      for (std::uint32_t channel = 0; channel < channels; ++channel) CHECK(edge.credit(channel) == credit[channel]);
    }
    // With credit for all, everything arrives once, each channel in order.
    for (std::uint32_t channel = 0; channel < channels; ++channel) {
      credit[channel] += 10'000;
      edge.grant(channel, {10'000, options.batch_records});
    }
    edge.flush();
    CHECK(!edge.blocked());
    CHECK(!edge.partial());
    std::size_t total = 0;
    for (const auto& values : arrived) {
      CHECK(std::is_sorted(values.begin(), values.end()));
      total += values.size();
    }
    CHECK(total == static_cast<std::size_t>(next));
  }
}

TEST_CASE("I2: credit is granted on consumption, not on arrival") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    const auto window = static_cast<std::uint32_t>(1 + draw.below(8));
    TaskHarness task(count_per_key(), {.credit = window});
    std::uint64_t sent = 0;
    for (int step = 0; step < 40; ++step) {
      if (draw.chance(60)) {
        // Without room downstream the task consumes nothing, and so grants nothing.
        task.push<std::int64_t>({{static_cast<std::int64_t>(draw.below(9)), 1}, {3, 2}});
        ++sent;
      } else {
        task.grant(1);
      }
      const std::uint64_t consumed = sent - task.task().gate().queued_batches(0);
      CHECK(task.granted() <= consumed);
      CHECK(consumed - task.granted() < std::max(1U, window / 2));  // the rest goes with the next grant
    }
  }
}

TEST_CASE("I3: outstanding and queued batches are never more than the window") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    CreditOptions options;
    options.smallest_window = static_cast<std::uint32_t>(1 + draw.below(3));
    options.window = options.smallest_window + static_cast<std::uint32_t>(draw.below(8));
    options.in_flight = Duration(1 + draw.below(300));
    CreditWindow window(options);
    std::uint64_t credit = options.window;  // the sender's
    std::size_t outstanding = 0;            // batches sent and not consumed
    for (int step = 0; step < 500; ++step) {
      if (credit > 0 && draw.chance(50)) {
        --credit;
        ++outstanding;
      } else if (outstanding > 0) {
        --outstanding;
        const Grant grant = window.consumed(draw.below(1000), static_cast<std::int64_t>(draw.below(400'000'000)));
        credit += grant.credits;
        CHECK(grant.batch_records >= 1);
        CHECK(grant.batch_records <= options.batch_records);
        CHECK(window.window() >= options.smallest_window);
      }
      CHECK(credit + outstanding == window.issued());
      CHECK(credit + outstanding <= options.window);
      CHECK(credit + outstanding > 0);  // or nothing would ever move again
    }
  }
}

TEST_CASE("I4: a channel that a barrier blocks holds back no other") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    const auto channels = static_cast<std::uint32_t>(2 + draw.below(4));
    const auto blocked = static_cast<std::uint32_t>(1 + draw.below(channels - 1));  // these, from 0, have the barrier
    InputGate gate(std::vector<InputChannel>(channels), [](std::uint32_t, const Element&) { FAIL("nothing overtakes here"); });
    const auto accepts = [](std::uint32_t) { return true; };
    std::size_t before = 0;
    for (std::uint32_t channel = 0; channel < blocked; ++channel) {
      for (std::size_t i = draw.below(3); i > 0; --i, ++before) gate.enqueue(channel, batch_with({1}));
      gate.enqueue(channel, Barrier{1, 0, Barrier::Mode::Aligned});
      for (std::size_t i = 1 + draw.below(3); i > 0; --i) gate.enqueue(channel, batch_with({2}));
    }
    for (std::uint32_t channel = blocked; channel < channels; ++channel) {
      for (std::size_t i = 1 + draw.below(5); i > 0; --i, ++before) gate.enqueue(channel, batch_with({1}));
    }
    std::size_t taken = 0;
    for (GateEvent event = gate.next(accepts); event.kind == GateEvent::Kind::Batch; event = gate.next(accepts), ++taken) {
      CHECK(batch_of<std::int64_t>(*event.batch).records.front() == 1);
    }
    CHECK(taken == before);
    for (std::uint32_t channel = blocked; channel < channels; ++channel) gate.enqueue(channel, Barrier{1, 0, Barrier::Mode::Aligned});
    CHECK(gate.next(accepts).kind == GateEvent::Kind::Barrier);
    CHECK(gate.next(accepts).kind == GateEvent::Kind::Batch);
  }
}

TEST_CASE("I5: nothing behind a barrier is in its snapshot, and everything before it is, aligned or overtaken") {
  constexpr std::int64_t kKeys = 5;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    const auto channels = static_cast<std::uint32_t>(1 + draw.below(4));
    const auto mode = draw.chance(50) ? Barrier::Mode::Aligned : Barrier::Mode::Overtaking;
    TaskHarness task(count_per_key(), {.channels = std::vector<InputChannel>(channels), .credit = static_cast<std::uint32_t>(draw.below(10))});
    std::vector<bool> passed(channels);
    std::map<std::int64_t, std::int64_t> expected;
    for (int step = 0; step < 60; ++step) {
      const auto channel = static_cast<std::uint32_t>(draw.below(channels));
      if (!passed[channel] && draw.chance(15)) {
        task.deliver(channel, Barrier{1, 0, mode});
        passed[channel] = true;
        continue;
      }
      const auto key = static_cast<std::int64_t>(draw.below(kKeys));
      if (!passed[channel]) ++expected[key];
      task.push<std::int64_t>({{key, 1}}, channel);
      if (draw.chance(40)) task.grant(1);
    }
    for (std::uint32_t channel = 0; channel < channels; ++channel) {
      if (!passed[channel]) task.deliver(channel, Barrier{1, 0, mode});
    }
    task.grant(1000);
    const auto snapshot = task.take_stored(1);
    REQUIRE(snapshot.has_value());
    auto counts = counts_in({&*snapshot}, kKeys);
    std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
    for (const auto& [node, chunk] : snapshot->parts) {  // what was overtaken counts as well: it is part of the checkpoint
      if (chunk.kind != ChunkKind::InFlight || !chunk.table.starts_with("in:")) continue;
      const Element element = in_flight_element(chunk, record_type<std::int64_t>());
      for (const std::int64_t key : batch_of<std::int64_t>(*std::get<BatchPtr>(element)).records) ++counts[key];
    }
    CHECK(counts == expected);
  }
}

TEST_CASE("I6: the joint watermark never goes back, never passes that of an active channel, and never stays behind all") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    const auto channels = static_cast<std::uint32_t>(1 + draw.below(4));
    InputGate gate(std::vector<InputChannel>(channels), [](std::uint32_t, const Element&) {});
    const auto accepts = [](std::uint32_t) { return true; };
    std::vector<std::int64_t> greatest(channels, EventTime::min().ms);
    std::vector<bool> idle(channels);
    std::vector<bool> barrier(channels);  // has come on the channel, and not on all
    CheckpointId checkpoint = 1;
    EventTime joint = EventTime::min();
    for (int step = 0; step < 400; ++step) {
      const auto channel = static_cast<std::uint32_t>(draw.below(channels));
      if (draw.chance(15)) {
        gate.enqueue(channel, Idle{});
        idle[channel] = true;
      } else if (draw.chance(30)) {
        if (barrier[channel]) continue;
        gate.enqueue(channel, Barrier{checkpoint, 0, Barrier::Mode::Aligned});
        barrier[channel] = true;
        if (std::find(barrier.begin(), barrier.end(), false) == barrier.end()) {
          barrier.assign(channels, false);
          ++checkpoint;
        }
      } else {
        const auto time = static_cast<std::int64_t>(draw.below(1000));
        gate.enqueue(channel, Watermark{EventTime{time}});
        greatest[channel] = std::max(greatest[channel], time);
        idle[channel] = false;
      }
      if (draw.chance(50)) continue;  // some wait together
      for (GateEvent event = gate.next(accepts); event.kind != GateEvent::Kind::None; event = gate.next(accepts)) {
        if (event.kind != GateEvent::Kind::Watermark) continue;
        CHECK(event.time > joint);
        joint = event.time;
        for (std::uint32_t i = 0; i < channels; ++i) CHECK((idle[i] || event.time.ms <= greatest[i]));
      }
      CHECK(gate.watermark() == joint);
      if (std::find(barrier.begin(), barrier.end(), true) != barrier.end()) continue;  // some wait behind theirs
      std::optional<std::int64_t> least;
      for (std::uint32_t i = 0; i < channels; ++i) {
        if (!idle[i]) least = std::min(least.value_or(greatest[i]), greatest[i]);
      }
      if (least) CHECK(joint.ms >= *least);
    }
  }
}

TEST_CASE("I7: a checkpoint is visible only after its manifest was committed") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const TemporaryDirectory directory;
    Draw draw(seed);
    std::uint64_t newest = 0;
    for (std::uint64_t checkpoint = 1; checkpoint <= 12; ++checkpoint) {
      auto store = CheckpointStore::open(directory.path(), {.job = "job", .weir_version = "test"}).or_throw();
      CHECK((store->checkpoints().empty() ? 0 : store->checkpoints().front()) == newest);
      const Chunk chunk{{checkpoint, 0, 0, 0}, std::vector<std::byte>(100)};
      store->write({&chunk, 1}).or_throw();
      const auto restorable = store->newest().or_throw();
      CHECK((restorable.manifest ? restorable.manifest->checkpoint : 0) == newest);
      if (draw.chance(50)) continue;  // the process dies before the commit
      Manifest manifest;
      manifest.checkpoint = checkpoint;
      manifest.job = "job";
      PartReference part;
      part.chunk = chunk.id;
      part.bytes = chunk.bytes.size();
      manifest.operators.push_back({"op", 0, 1, {part}});
      store->commit(manifest).or_throw();
      newest = checkpoint;
      CHECK(store->newest().or_throw().manifest->checkpoint == newest);
    }
    CHECK(newest > 0);
  }
}

TEST_CASE("I8: a sink publishes only what a complete checkpoint covers, and all of it") {
  using sim::CollectExactlyOnce;
  using sim::Event;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    sim::Ledger ledger;
    const auto make = [&] { return std::make_unique<WriteSink<Event>>(CollectExactlyOnce{&ledger}.make<Event>()); };
    auto task = std::make_unique<TaskHarness>(make, HarnessOptions{.ports = 0});
    std::int64_t written = 0;           // in this run, since the beginning of the stream
    std::int64_t covered = 0;           // by the newest snapshot
    std::int64_t complete = 0;          // by the newest complete one
    Snapshot newest;
    Snapshot last;
    for (int step = 0; step < 80; ++step) {
      switch (draw.below(5)) {
        case 0:
        case 1: {
          Event event;
          event.number = ++written;
          task->push<Event>({{event, written}});
          break;
        }
        case 2:
          last = task->snapshot();
          covered = written;
          break;
        case 3:
          if (task->last_checkpoint() <= ledger.complete) break;
          ledger.complete = task->last_checkpoint();
          newest = std::move(last);
          last = {};
          complete = covered;
          if (draw.chance(60)) task->complete();  // or killed between the commit and telling the sink
          else step = 1000;
          break;
        default: break;
      }
      const auto published = ledger.events("operator").size();
      CHECK(published <= static_cast<std::size_t>(complete));
    }
    if (ledger.complete == 0) continue;
    TaskHarness restored(make, {.ports = 0}, {&newest});
    restored.task().on_complete(ledger.complete);
    std::set<std::int64_t> numbers;
    for (const Event& event : ledger.events("operator")) CHECK(numbers.insert(event.number).second);
    CHECK(numbers.size() == static_cast<std::size_t>(complete));
    CHECK(ledger.faults.empty());
  }
}

TEST_CASE("I9: results do not depend on parallelism") {
  for (std::uint64_t seed = 1; seed <= kSeeds / 4; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    std::vector<std::int64_t> keys;
    for (std::size_t i = draw.below(300); i > 0; --i) keys.push_back(static_cast<std::int64_t>(draw.below(40)));
    std::vector<Rows<Keyed<std::int64_t, std::int64_t>>> results;
    for (const std::uint32_t parallelism : {1u, 2u, 3u, 5u}) {
      CreditOptions endless{.window = 1 << 20, .batch_records = static_cast<std::uint32_t>(1 + draw.below(50))};
      std::vector<std::unique_ptr<TaskHarness>> tasks;
      for (std::uint32_t task = 0; task < parallelism; ++task) {
        tasks.push_back(std::make_unique<TaskHarness>(count_per_key(), HarnessOptions{.task = task, .parallelism = parallelism}));
      }
      OutputEdge edge(std::make_unique<KeyPartitioner<std::int64_t, decltype(itself)>>(itself, kDefaultKeyGroups), parallelism, endless,
                      [&](std::uint32_t task, Element element) { tasks[task]->deliver(0, std::move(element)); });
      for (std::size_t i = 0; i < keys.size();) {
        auto batch = batch_with({});
        for (std::size_t records = 1 + draw.below(20); records > 0 && i < keys.size(); --records, ++i) {
          batch_of<std::int64_t>(*batch).push(keys[i], EventTime{static_cast<std::int64_t>(i)});
        }
        edge.accept(std::move(batch));
      }
      edge.flush();
      Rows<Keyed<std::int64_t, std::int64_t>> all;
      for (const auto& task : tasks) {
        for (auto& row : task->take<Keyed<std::int64_t, std::int64_t>>()) all.push_back(row);
      }
      results.push_back(sorted(std::move(all)));
    }
    for (const auto& result : results) CHECK(result == results.front());
    CHECK(results.front().size() == keys.size());
  }
}
