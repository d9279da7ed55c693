#include <weir/operators/top_n.hpp>

#include <doctest/doctest.h>

#include <weir/operators/changelog.hpp>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

struct Bid {
  std::string auction;
  int price = 0;
  int bidder = 0;
  friend bool operator==(const Bid&, const Bid&) = default;
};
WEIR_RECORD(Bid, auction, price, bidder);
using Row = Ranked<Bid>;

OperatorFactory top(std::size_t n) {
  return operator_of<Bid>([n](auto bids) {
    return bids.key_by(&Bid::auction).top_n("top", n, [](const Bid& a, const Bid& b) { return a.price > b.price; });
  });
}

TEST_CASE("each rank that has a new record is emitted") {
  TaskHarness task(top(2));
  task.push<Bid>({{{"a", 10, 1}, 1}});
  CHECK(task.take<Row>() == rows<Row>({{{1, {"a", 10, 1}}, 1}}));
  task.push<Bid>({{{"a", 5, 2}, 2}, {{"b", 1, 3}, 3}});
  CHECK(task.take<Row>() == rows<Row>({{{2, {"a", 5, 2}}, 2}, {{1, {"b", 1, 3}}, 3}}));
  task.push<Bid>({{{"a", 20, 4}, 4}});
  CHECK(task.take<Row>() == rows<Row>({{{1, {"a", 20, 4}}, 4}, {{2, {"a", 10, 1}}, 4}}));
  task.push<Bid>({{{"a", 7, 5}, 5}});
  CHECK(task.take<Row>().empty());
}

TEST_CASE("of equal records the first to arrive ranks first") {
  TaskHarness task(top(2));
  task.push<Bid>({{{"a", 10, 1}, 1}, {{"a", 10, 2}, 2}, {{"a", 10, 3}, 3}});
  CHECK(task.take<Row>() == rows<Row>({{{1, {"a", 10, 1}}, 1}, {{2, {"a", 10, 2}}, 2}}));
}

TEST_CASE("n must be at least 1") { CHECK_THROWS_AS(top(0), Failure); }

TEST_CASE("the rows amount to the best of all records, through checkpoints and restores at other parallelisms") {
  constexpr std::size_t kBids = 300;
  const auto bid = [](std::size_t i) {
    return Bid{"auction" + std::to_string(i % 9), static_cast<int>(i * 7919 % 1009), static_cast<int>(i)};
  };
  std::map<std::pair<std::string, std::int64_t>, Bid> expected;
  for (int auction = 0; auction < 9; ++auction) {
    std::vector<Bid> bids;
    for (std::size_t i = 0; i < kBids; ++i) {
      if (static_cast<int>(i % 9) == auction) bids.push_back(bid(i));
    }
    std::sort(bids.begin(), bids.end(), [](const Bid& a, const Bid& b) { return a.price > b.price; });
    for (std::int64_t rank = 1; rank <= 4; ++rank) expected[{bids[0].auction, rank}] = bids[static_cast<std::size_t>(rank - 1)];
  }
  for (std::uint32_t seed = 0; seed <= 10; ++seed) {
    INFO("seed ", seed);
    Rows<Row> all = play<Row>(top(4), kBids, {}, seed == 0 ? std::nullopt : std::optional(seed), [&](TaskGroup& group, std::size_t i) {
      group.push<Bid>(bid(i), static_cast<std::int64_t>(i), &Bid::auction);
    });
    // Rows came sorted by time, and one record's rows differ in rank: in any order they fold to the same table.
    const auto key_of = [](const Row& row) { return std::pair(row.record.auction, row.rank); };
    Materialized<Row, decltype(key_of)> table(key_of);
    for (const auto& row : all) table.apply(row.record);
    std::map<std::pair<std::string, std::int64_t>, Bid> best;
    for (const auto& [key, row] : table.rows()) best[key] = row.record;
    CHECK(best == expected);
  }
}

}  // namespace
}  // namespace weir::testing
