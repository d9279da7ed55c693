#include <weir/operators/changelog.hpp>

#include <doctest/doctest.h>

#include <weir/operators/materialize.hpp>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

using Row = std::pair<std::string, std::int64_t>;
const auto name_of_row = [](const Row& row) { return row.first; };
const auto name_of_change = [](const Change<Row>& change) { return change.row().first; };

TEST_CASE("rows by key take the place of those before them") {
  Materialized<Row, decltype(name_of_row)> table(name_of_row);
  for (const Row& row : {Row("b", 1), Row("a", 2), Row("b", 3)}) table.apply(row);
  CHECK(table.rows() == std::map<std::string, Row>{{"a", {"a", 2}}, {"b", {"b", 3}}});
}

TEST_CASE("changes insert, update and remove rows") {
  Materialized<Change<Row>, decltype(name_of_change)> table(name_of_change);
  table.apply(Change<Row>::insert({"a", 1}));
  table.apply(Change<Row>::insert({"b", 2}));
  table.apply(Change<Row>::update({"a", 1}, {"a", 3}));
  table.apply(Change<Row>::remove({"b", 2}));
  CHECK(table.rows() == std::map<std::string, Row>{{"a", {"a", 3}}});
}

OperatorFactory materialize() {
  return operator_of<Change<Row>>([](auto changes) { return changes.key_by(name_of_change).materialize("final"); });
}

TEST_CASE("a changing result is emitted once, when the input has ended, before the watermark") {
  TaskHarness task(materialize());
  task.push<Change<Row>>({{Change<Row>::insert({"a", 1}), 1}, {Change<Row>::insert({"b", 2}), 2}, {Change<Row>::update({"a", 1}, {"a", 3}), 3}});
  task.push<Change<Row>>({{Change<Row>::remove({"b", 2}), 4}});
  task.watermark(100);
  CHECK(task.take<Row>().empty());
  task.end_of_input();
  CHECK(task.take_log<Row>() == std::vector<std::string>{"(a, 3)@3", "watermark end", "end"});
}

TEST_CASE("rows that were emitted are not emitted again by the run that goes on") {
  TaskHarness task(materialize(), {.credit = 1, .batch_records = 1});
  for (const char* name : {"a", "b", "c", "d"}) task.push<Change<Row>>({{Change<Row>::insert({name, 1}), 1}});
  task.watermark(EventTime::max().ms);
  Rows<Row> all = task.take<Row>();
  CHECK(all.size() == 1);
  task.grant(2);
  const Rows<Row> more = task.take<Row>();
  CHECK(more.size() == 2);
  all.insert(all.end(), more.begin(), more.end());
  task.grant(1);
  const auto last = task.take<Row>();
  all.insert(all.end(), last.begin(), last.end());
  CHECK(sorted(all) == rows<Row>({{{"a", 1}, 1}, {{"b", 1}, 1}, {{"c", 1}, 1}, {{"d", 1}, 1}}));
  CHECK(task.snapshot().rows() == 0);
}

TEST_CASE("the final rows are the same through checkpoints and restores at other parallelisms") {
  const auto make = operator_of<Row>([](auto all) { return all.key_by(&Row::first).materialize("final"); });
  const auto run = [&](std::optional<std::uint32_t> seed) {
    return play<Row>(make, 200, {}, seed, [](TaskGroup& group, std::size_t i) {
      group.push<Row>({"key" + std::to_string(i * 7 % 31), static_cast<std::int64_t>(i)}, static_cast<std::int64_t>(i), &Row::first);
    });
  };
  const auto expected = run(std::nullopt);
  CHECK(expected.size() == 31);
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    INFO("seed ", seed);
    CHECK(run(seed) == expected);
  }
}

}  // namespace
}  // namespace weir::testing
