// Elements and grants as the bytes of frames, and back.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include <weir/dataflow/in_flight.hpp>
#include <weir/wire/frame.hpp>

using namespace weir;
using wire::EncodedItem;

namespace frame_test {

struct Parcel {
  std::int64_t number = 0;
  std::string label;
  std::optional<double> weight;
  friend bool operator==(const Parcel&, const Parcel&) = default;
};
WEIR_RECORD(Parcel, number, label, weight);

Element parcels(int count) {
  auto batch = std::make_unique<Batch<Parcel>>();
  for (int i = 0; i < count; ++i) {
    batch->push({i, std::string(static_cast<std::size_t>(i % 40), 'x'), i % 3 == 0 ? std::optional(i * 0.5) : std::nullopt}, EventTime{i - 5});
  }
  batch->origin = {std::make_shared<const std::string>("parcels.csv"), 77};
  return batch;
}

/// As the connection has it: the pieces one after the other.
std::vector<std::byte> joined(const std::vector<std::vector<std::byte>>& pieces) {
  std::vector<std::byte> bytes;
  for (const auto& piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

std::vector<std::byte> frame_of(std::vector<EncodedItem> items) { return joined(wire::build_frame({3, 9, {}}, std::move(items))); }

Element sent(const Element& element) {
  std::vector<EncodedItem> items;
  items.push_back(wire::encode_element(4, 1, element));
  const auto bytes = frame_of(std::move(items));
  const auto parsed = wire::parse_frame(bytes).or_throw();
  return wire::decode_element(parsed.header.items.at(0), parsed.blobs.at(0), record_type<Parcel>());
}

}  // namespace frame_test

using namespace frame_test;

TEST_CASE("a batch of any size comes back from its frame, with times and origin") {
  for (const int count : {0, 1, 2, 1023, 1024, 1025, 5000}) {
    CAPTURE(count);
    const Element before = parcels(count);
    const Element after = sent(before);
    const auto& expected = static_cast<const Batch<Parcel>&>(*std::get<BatchPtr>(before));
    const auto& found = static_cast<const Batch<Parcel>&>(*std::get<BatchPtr>(after));
    CHECK(std::equal(found.records.begin(), found.records.end(), expected.records.begin(), expected.records.end()));
    CHECK(found.times == expected.times);
    CHECK(to_text(found.origin) == (count == 0 ? "unknown position" : "parcels.csv:77"));
  }
}

TEST_CASE("a task receives a batch packed, together with its frame, and it unpacks to what was sent, time and again") {
  std::vector<EncodedItem> items;
  items.push_back(wire::encode_element(4, 1, parcels(100)));
  auto bytes = std::make_shared<const std::vector<std::byte>>(frame_of(std::move(items)));
  const auto parsed = wire::parse_frame(*bytes).or_throw();
  const std::weak_ptr frame(bytes);
  Element received = wire::receive_element(parsed.header.items.at(0), std::exchange(bytes, nullptr), parsed.blobs.at(0), record_type<Parcel>());
  REQUIRE(is_packed(received));
  CHECK(is_batch(received));
  const Element expected = parcels(100);
  for (int time = 0; time < 2; ++time) {
    const BatchPtr unpacked = take_batch(received);
    const auto& found = batch_of<Parcel>(*unpacked).records;
    const auto& sent_records = batch_of<Parcel>(*std::get<BatchPtr>(expected)).records;
    CHECK(std::equal(found.begin(), found.end(), sent_records.begin(), sent_records.end()));
  }
  CHECK(in_flight_chunk("in:a.0>b.0:0:0", received).block.rows == 100);
  CHECK(!frame.expired());
  received = Idle{};
  CHECK(frame.expired());
}

TEST_CASE("what is no batch is received as it is, and a batch that is cut off fails when it is unpacked") {
  const auto no_frame = std::shared_ptr<const std::vector<std::byte>>();
  CHECK(std::get<Watermark>(wire::receive_element(wire::encode_element(4, 1, Watermark{EventTime{8}}).item, no_frame, {}, record_type<Parcel>())).time == EventTime{8});
  const EncodedItem item = wire::encode_element(4, 1, parcels(3));
  Element cut = wire::receive_element(item.item, no_frame, std::span(item.blob).first(item.blob.size() - 8), record_type<Parcel>());
  CHECK_THROWS_AS(take_batch(cut), Failure);
}

TEST_CASE("control elements come back from their frame") {
  CHECK(std::get<Watermark>(sent(Watermark{EventTime{-7}})).time == EventTime{-7});
  CHECK(std::holds_alternative<Idle>(sent(Idle{})));
  CHECK(std::holds_alternative<End>(sent(End{})));
  CHECK(std::get<Probe>(sent(Probe{true})).disturbed);
  const auto barrier = std::get<Barrier>(sent(Barrier{5, 4, Barrier::Mode::Savepoint, Barrier::Afterwards::End}));
  CHECK(barrier.checkpoint == 5);
  CHECK(barrier.parent == 4);
  CHECK(barrier.mode == Barrier::Mode::Savepoint);
  CHECK(barrier.afterwards == Barrier::Afterwards::End);
}

TEST_CASE("the items of a frame keep their order, each batch with its own bytes, aligned") {
  std::vector<EncodedItem> items;
  items.push_back(wire::encode_element(1, 0, parcels(3)));
  items.push_back(wire::encode_credit(2, 6, 7, {8, 9}));
  items.push_back(wire::encode_element(3, 0, parcels(4)));
  const auto bytes = frame_of(std::move(items));
  const auto parsed = wire::parse_frame(bytes).or_throw();
  CHECK(parsed.header.attempt == 3);
  CHECK(parsed.header.sequence == 9);
  REQUIRE(parsed.blobs.size() == 3);
  CHECK(parsed.header.items[1].kind == wire::FrameItem::Kind::Credit);
  CHECK(parsed.header.items[1].number == 8);
  CHECK(parsed.blobs[1].empty());
  for (const std::size_t i : {0, 2}) {
    CHECK((parsed.blobs[i].data() - bytes.data()) % 8 == 0);
    const Element element = wire::decode_element(parsed.header.items[i], parsed.blobs[i], record_type<Parcel>());
    CHECK(std::get<BatchPtr>(element)->size() == (i == 0 ? 3 : 4));
  }
}

TEST_CASE("a frame that is cut off anywhere is refused") {
  std::vector<EncodedItem> items;
  items.push_back(wire::encode_element(1, 0, parcels(3)));
  const auto bytes = frame_of(std::move(items));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));  // so that reading on is noticed
    CHECK(!wire::parse_frame(cut).ok());
  }
}

TEST_CASE("a batch that claims more rows than it has is a failure, however many it claims") {
  EncodedItem item = wire::encode_element(1, 0, parcels(3));
  Columns block = unpack(item.blob).or_throw();
  for (const std::uint32_t rows : {4u, 1024u, 5000u, 0xffffffffu}) {
    CAPTURE(rows);
    block.rows = rows;
    const auto blob = pack(block).or_throw();
    CHECK_THROWS_AS(wire::decode_element(item.item, blob, record_type<Parcel>()), Failure);
  }
}
