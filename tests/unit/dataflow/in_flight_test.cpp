// Elements in a checkpoint and back.
#include <weir/dataflow/in_flight.hpp>

#include <doctest/doctest.h>

using namespace weir;

namespace {

BatchPtr batch_of_two(const Origin& origin) {
  auto batch = std::make_unique<Batch<std::string>>();
  batch->push("a", EventTime{1});
  batch->push("b", EventTime{2});
  batch->origin = origin;
  return batch;
}

}  // namespace

TEST_CASE("a batch in flight keeps its records, times and origin") {
  const Element stored = batch_of_two({std::make_shared<const std::string>("readings.csv"), 1042});
  const Element restored = in_flight_element(in_flight_chunk("in:a.0>b.0:0:0", stored), record_type<std::string>());
  auto& batch = batch_of<std::string>(*std::get<BatchPtr>(restored));
  CHECK(batch.records == std::vector<std::string>{"a", "b"});
  CHECK(batch.times == std::vector<EventTime>{{1}, {2}});
  CHECK(to_text(batch.origin) == "readings.csv:1042");
}

TEST_CASE("a batch in flight may come from nowhere, and a watermark stays one") {
  const Element restored = in_flight_element(in_flight_chunk("in:a.0>b.0:0:0", batch_of_two({})), record_type<std::string>());
  CHECK(!std::get<BatchPtr>(restored)->origin.split);
  const Element watermark = in_flight_element(in_flight_chunk("in:a.0>b.0:0:0", Watermark{EventTime{9}}), record_type<std::string>());
  CHECK(std::get<Watermark>(watermark).time == EventTime{9});
}

TEST_CASE("a batch can be taken apart into its records") {
  const auto singles = in_parts(batch_of_two({std::make_shared<const std::string>("readings.csv"), 1042}), 1);
  REQUIRE(singles.size() == 2);
  CHECK(batch_of<std::string>(*singles[1]).records == std::vector<std::string>{"b"});
  CHECK(singles[1]->times == std::vector<EventTime>{{2}});
  CHECK(to_text(singles[1]->origin) == "readings.csv:1042");
}
