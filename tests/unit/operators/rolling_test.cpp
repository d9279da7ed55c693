// Rolling values of a key.
#include <doctest/doctest.h>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Pair = std::pair<std::string, std::int64_t>;
using Summed = Keyed<std::string, std::int64_t>;

}  // namespace

TEST_CASE("every record yields the new sum of its key") {
  TaskHarness task(operator_of<Pair>([](auto pairs) { return pairs.key_by(&Pair::first).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 1}, {{"b", 2}, 2}, {{"a", 4}, 3}});
  CHECK(task.take<Summed>() == rows<Summed>({{{"a", 1}, 1}, {{"b", 2}, 2}, {{"a", 5}, 3}}));
}

TEST_CASE("numbers without a sign are summed without one") {
  using Bytes = std::pair<std::string, std::uint64_t>;
  using Total = Keyed<std::string, std::uint64_t>;
  TaskHarness task(operator_of<Bytes>([](auto bytes) { return bytes.key_by(&Bytes::first).sum("sum", &Bytes::second); }));
  task.push<Bytes>({{{"a", std::uint64_t{1} << 63}, 1}, {{"a", 5}, 2}});
  CHECK(task.take<Total>() == rows<Total>({{{"a", std::uint64_t{1} << 63}, 1}, {{"a", (std::uint64_t{1} << 63) + 5}, 2}}));
}

TEST_CASE("rolling operations without a name are refused when the pipeline is built") {
  CHECK_THROWS_AS(operator_of<Pair>([](auto pairs) { return pairs.key_by(&Pair::first).sum("", &Pair::second); }), Failure);
  CHECK_THROWS_AS(operator_of<Pair>([](auto pairs) { return pairs.key_by(&Pair::first).max_by("", &Pair::second); }), Failure);
}
