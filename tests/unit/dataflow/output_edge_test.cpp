// How the sending end of an edge shares batches out.
#include <doctest/doctest.h>

#include <weir/dataflow/output_edge.hpp>

using namespace weir;

namespace {

BatchPtr numbers(int first, int count) {
  auto batch = std::make_unique<Batch<int>>();
  for (int i = first; i < first + count; ++i) batch->push(i, EventTime{i});
  return batch;
}

struct Sent {
  std::vector<std::vector<int>> records = std::vector<std::vector<int>>(2);  // of each channel
  std::vector<const AnyBatch*> batches;
  std::vector<std::size_t> sizes;  // of them

  template <class Choose>
  OutputEdge edge(Choose choose, CreditOptions credit = {.window = 100, .batch_records = 8, .first_batch = 8}) {
    return {std::make_unique<CustomPartitioner<int, Choose>>(choose), 2, credit,
            [this](std::uint32_t channel, Element element) {
              const AnyBatch& batch = *std::get<BatchPtr>(element);
              batches.push_back(&batch);
              sizes.push_back(batch.size());
              for (const int record : static_cast<const Batch<int>&>(batch).records) records[channel].push_back(record);
            }};
  }
};

}  // namespace

TEST_CASE("records go to the channels that are chosen for them, in their order") {
  Sent sent;
  OutputEdge edge = sent.edge([](int n, std::uint32_t) { return n % 3 == 0 ? 1u : 0u; });
  edge.accept(numbers(0, 10));
  edge.accept(numbers(10, 3));
  edge.flush();
  CHECK(sent.records[0] == std::vector<int>{1, 2, 4, 5, 7, 8, 10, 11});
  CHECK(sent.records[1] == std::vector<int>{0, 3, 6, 9, 12});
}

TEST_CASE("a channel that gets nothing holds back no other, and its first batches are small all the same") {
  Sent sent;
  OutputEdge edge = sent.edge([](int n, std::uint32_t) { return n < 100 ? 0u : 1u; }, {.window = 100, .batch_records = 16, .first_batch = 4});
  CHECK(edge.batch_records() == 16);
  edge.accept(numbers(0, 10));
  CHECK(sent.sizes == std::vector<std::size_t>{4, 4, 2});
  edge.grant(0, {1, 12});
  CHECK(edge.batch_records() == 12);
  edge.accept(numbers(10, 12));
  edge.accept(numbers(100, 7));
  CHECK(sent.sizes == std::vector<std::size_t>{4, 4, 2, 12, 4, 3});
  CHECK(sent.records[1] == std::vector<int>{100, 101, 102, 103, 104, 105, 106});
}

TEST_CASE("a batch whose records all go to one channel stays as it is, behind what waits there") {
  Sent sent;
  OutputEdge edge = sent.edge([](int n, std::uint32_t) { return n < 2 ? static_cast<std::uint32_t>(n) : 1u; });
  edge.accept(numbers(0, 2));
  CHECK(sent.batches.empty());
  BatchPtr whole = numbers(2, 8);
  const AnyBatch* same = whole.get();
  edge.accept(std::move(whole));
  REQUIRE(sent.batches.size() == 2);
  CHECK(sent.batches[1] == same);
  edge.flush();
  CHECK(sent.records[0] == std::vector<int>{0});
  CHECK(sent.records[1] == std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9});
}
