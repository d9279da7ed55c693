#include <weir/state/keyed_state.hpp>

#include <map>
#include <random>

#include <doctest/doctest.h>

#include <weir/base/clock.hpp>

namespace weir {
namespace {

using namespace std::chrono_literals;

/// A stand-in for an operator: keyed state of one task, a clock, and snapshots.
struct Host {
  explicit Host(std::vector<StateChunk> restored = {}, std::uint32_t task = 0, std::uint32_t parallelism = 1)
      : tables(StateScope{"op", task, parallelism, {groups_of_task(task, parallelism, kDefaultKeyGroups), kDefaultKeyGroups}, true},
               std::move(restored)),
        state(tables, [this] { return clock.now(); }) {}

  void enter(const std::string& key) { state.enter(key, hash_of(key)); }

  std::vector<StateChunk> snapshot(SnapshotMode mode = SnapshotMode::Full) {
    std::vector<StateChunk> chunks;
    tables.freeze(mode);
    while (!tables.write_some(3, [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); })) {
    }
    return chunks;
  }

  ManualClock clock;
  OperatorState tables;
  KeyedState state;
};

std::size_t rows(const std::vector<StateChunk>& chunks) {
  std::size_t count = 0;
  for (const StateChunk& chunk : chunks) count += chunk.table.starts_with('~') ? 0 : chunk.block.rows;
  return count;
}

struct Average {
  using Accumulator = std::pair<double, std::int64_t>;
  using Result = double;
  Accumulator create() const { return {0, 0}; }
  void add(Accumulator& sum, double value) const {
    sum.first += value;
    ++sum.second;
  }
  Result result(const Accumulator& sum) const { return sum.first / static_cast<double>(sum.second); }
};

TEST_CASE("a value belongs to the current key") {
  Host host;
  auto last = host.state.value<double>("last");
  host.enter("a");
  CHECK_FALSE(last);
  last.set(1.5);
  host.enter("b");
  CHECK(last.get() == nullptr);
  CHECK(last.value_or(7) == 7);
  last.edit() += 2;
  CHECK(*last == 2);
  last.clear();
  CHECK_FALSE(last);
  host.enter("a");
  CHECK(*last == 1.5);
}

TEST_CASE("a handle that was not bound, or is used without a key, says what to do") {
  Value<double> unbound;
  CHECK_THROWS_WITH_AS(unbound.set(1), "a state handle was used that open() has not bound; write handle = state.value<T>(\"name\") or the like there", Failure);
  Host host;
  auto last = host.state.value<double>("last");
  CHECK_THROWS_WITH_AS(last.set(1), "keyed state was used where there is no key; use it in process() and on_timer(), not in open()", Failure);
  host.enter("a");
  CHECK_THROWS_AS(*last, Failure);
  host.state.leave();
  CHECK_THROWS_AS(last.get(), Failure);
}

TEST_CASE("two handles of one name are refused") {
  Host host;
  host.state.value<double>("x");
  CHECK_THROWS_WITH_AS(host.state.list<double>("x"), "operator 'op' declares state 'x' twice; rename one", Failure);
}

TEST_CASE("a list keeps the order of adding and can be taken from its front") {
  Host host;
  auto list = host.state.list<std::string>("list");
  host.enter("a");
  CHECK(list.front() == nullptr);
  for (const char* text : {"one", "two", "three"}) list.add(text);
  host.enter("b");
  CHECK(list.empty());
  list.pop_front();
  list.add("other");
  host.enter("a");
  CHECK(list.values() == std::vector<std::string>{"one", "two", "three"});
  list.pop_front();
  CHECK(*list.front() == "two");
  CHECK(list.size() == 2);
  list.clear();
  CHECK(list.empty());
  list.add("again");
  CHECK(list.values() == std::vector<std::string>{"again"});
}

TEST_CASE("a map is walked in order of its keys, from both ends and from the middle") {
  Host host;
  auto map = host.state.map<std::int64_t, std::string>("map");
  host.enter("a");
  map.put(30, "c");
  map.put(10, "a");
  map.put(20, "b");
  map.edit(20) += "!";
  std::string walked;
  map.for_each([&](std::int64_t key, const std::string& value) { walked += std::to_string(key) + value + ' '; });
  CHECK(walked == "10a 20b! 30c ");
  walked.clear();
  map.for_each_from(15, [&](std::int64_t key, const std::string&) { walked += std::to_string(key) + ' '; return key < 20; });
  CHECK(walked == "20 ");
  walked.clear();
  map.for_each_back([&](std::int64_t key, const std::string&) { walked += std::to_string(key) + ' '; return walked.size() < 6; });
  CHECK(walked == "30 20 ");
  CHECK(map.size() == 3);
  CHECK(map.erase(10));
  CHECK_FALSE(map.erase(10));
  CHECK_FALSE(map.contains(10));
  host.enter("b");
  CHECK(map.empty());
  host.enter("a");
  map.clear();
  CHECK(map.empty());
}

TEST_CASE("what is added is reduced and aggregated per key") {
  Host host;
  auto total = host.state.reducing<std::int64_t>("total", std::plus<>());
  auto mean = host.state.aggregating("mean", Average{});
  host.enter("a");
  CHECK(total.get() == nullptr);
  CHECK_FALSE(mean.result());
  for (const int value : {1, 2, 6}) {
    total.add(value);
    mean.add(value);
  }
  CHECK(*total.get() == 9);
  CHECK(mean.result() == 3.0);
  host.enter("b");
  CHECK(total.get() == nullptr);
  host.enter("a");
  total.clear();
  mean.clear();
  CHECK(total.get() == nullptr);
  CHECK_FALSE(mean.result());
}

TEST_CASE("a change to a long list or map costs one entry of the next checkpoint") {
  Host host;
  auto list = host.state.list<std::int64_t>("list");
  auto map = host.state.map<std::int64_t, std::int64_t>("map");
  host.enter("a");
  for (int i = 0; i < 1000; ++i) {
    list.add(i);
    map.put(i, i);
  }
  CHECK(rows(host.snapshot()) == 2000);
  list.add(1000);
  map.edit(500) = 7;
  CHECK(rows(host.snapshot(SnapshotMode::Delta)) == 2);
}

TEST_CASE("an expired value is never seen, and gone from the state when it is looked for") {
  Host host;
  auto last = host.state.value<std::int64_t>("last", {.time_to_live = 10s});
  host.enter("a");
  last.set(1);
  host.clock.advance(9999ms);
  CHECK(*last == 1);
  host.clock.advance(1ms);
  CHECK_FALSE(last);
  CHECK(rows(host.snapshot()) == 0);
  CHECK(last.edit() == 0);
}

TEST_CASE("an expired value does not come back through edit") {
  Host host;
  auto count = host.state.value<std::int64_t>("count", {.time_to_live = 10s});
  host.enter("a");
  count.set(41);
  host.clock.advance(10s);
  count.edit() += 1;
  CHECK(*count == 1);
}

TEST_CASE("reading keeps a value alive only if it is to") {
  for (const Refresh refresh : {Refresh::OnWrite, Refresh::OnReadAndWrite}) {
    Host host;
    auto value = host.state.value<std::int64_t>("value", {.time_to_live = 10s, .refresh = refresh});
    auto map = host.state.map<std::int64_t, std::int64_t>("map", {.time_to_live = 10s, .refresh = refresh});
    auto list = host.state.list<std::int64_t>("list", {.time_to_live = 10s, .refresh = refresh});
    host.enter("a");
    value.set(1);
    map.put(1, 1);
    list.add(1);
    host.clock.advance(6s);
    CHECK(value);
    CHECK(map.contains(1));
    CHECK(list.front() != nullptr);
    host.clock.advance(6s);
    const bool kept = refresh == Refresh::OnReadAndWrite;
    CHECK(static_cast<bool>(value) == kept);
    CHECK(map.contains(1) == kept);
    CHECK(list.size() == (kept ? 1 : 0));
  }
}

TEST_CASE("elements of lists and maps expire by themselves") {
  Host host;
  auto list = host.state.list<std::int64_t>("list", {.time_to_live = 10s});
  auto map = host.state.map<std::int64_t, std::int64_t>("map", {.time_to_live = 10s});
  host.enter("a");
  for (std::int64_t i = 0; i < 4; ++i) {
    list.add(i);
    map.put(i, i);
    host.clock.advance(3s);
  }
  CHECK(list.values() == std::vector<std::int64_t>{1, 2, 3});
  CHECK(map.size() == 3);
  CHECK_FALSE(map.erase(0));
  CHECK(map.size() == 3);
  std::vector<std::int64_t> seen;
  map.for_each([&](std::int64_t key, std::int64_t) { seen.push_back(key); });
  CHECK(seen == std::vector<std::int64_t>{1, 2, 3});
  CHECK(*list.front() == 1);
  host.clock.advance(4s);
  CHECK(*list.front() == 3);
  list.pop_front();
  CHECK(list.empty());
}

TEST_CASE("what nobody asks for is removed little by little") {
  Host host;
  auto value = host.state.value<std::int64_t>("value", {.time_to_live = 10s});
  auto list = host.state.list<std::int64_t>("list", {.time_to_live = 10s});
  auto map = host.state.map<std::int64_t, std::int64_t>("map", {.time_to_live = 10s});
  auto kept = host.state.value<std::int64_t>("kept");
  for (int i = 0; i < 100; ++i) {
    host.enter("key" + std::to_string(i));
    value.set(i);
    list.add(i);
    map.put(i, i);
    kept.set(i);
  }
  host.clock.advance(5s);
  host.enter("late");
  value.set(1);
  list.add(1);
  map.put(1, 1);
  host.clock.advance(5s);
  host.state.expire_some(40);
  CHECK(rows(host.snapshot()) == 403 - 3 * 40);
  for (int i = 0; i < 5; ++i) host.state.expire_some(40);
  CHECK(rows(host.snapshot()) == 103);
  host.enter("late");
  CHECK(list.size() == 1);
  CHECK(map.size() == 1);
  host.enter("key1");
  list.add(5);
  CHECK(list.values() == std::vector<std::int64_t>{5});
}

TEST_CASE("state with keys of another type is refused when it is restored") {
  Host host;
  auto value = host.state.value<std::int64_t>("value");
  host.state.opened(Codec<std::string>::schema());
  host.enter("a");
  value.set(1);
  Host other(host.snapshot());
  other.state.value<std::int64_t>("value");
  CHECK_THROWS_WITH_AS(other.state.opened(Codec<std::pair<std::int32_t, double>>::schema()),
                       "operator 'op' was keyed by text and is now keyed by (integer, float): its state cannot be restored; "
                       "give it another name to start anew", Failure);
}

TEST_CASE("a key whose integers became wider finds its state") {
  std::string narrow;
  std::string wide;
  append_key(narrow, std::pair<std::int32_t, std::string>(-5, "x"));
  append_key(wide, std::pair<std::int64_t, std::string>(-5, "x"));
  CHECK(narrow == wide);
  CHECK(key_shape(Codec<std::pair<std::int32_t, std::string>>::schema()) == key_shape(Codec<std::pair<std::int64_t, std::string>>::schema()));
}

TEST_CASE("different keys have different bytes") {
  const auto bytes = [](const auto& key) {
    std::string made;
    append_key(made, key);
    return made;
  };
  using Texts = std::pair<std::string, std::string>;
  CHECK(bytes(Texts("ab", "c")) != bytes(Texts("a", "bc")));
  using Optionals = std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>>;
  CHECK(bytes(Optionals(1, std::nullopt)) != bytes(Optionals(std::nullopt, 1)));
  using Lists = std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>;
  CHECK(bytes(Lists({1}, {})) != bytes(Lists({}, {1})));
  CHECK(bytes(0.0) == bytes(-0.0));
}

/// Lists, maps and values of a few keys beside what they must be, through random changes, snapshots and restores.
class Model {
 public:
  explicit Model(std::uint32_t seed) : random_(seed) { start(1, {}); }

  void step() {
    const std::string key = "k" + std::to_string(random_() % 12);
    Run& run = run_of(key);
    run.host->enter(key);
    const auto number = static_cast<std::int64_t>(random_() % 6);
    switch (random_() % 10) {
      case 0: case 1: run.list.add(number); lists_[key].push_back(number); break;
      case 2: run.list.pop_front(); if (!lists_[key].empty()) lists_[key].erase(lists_[key].begin()); break;
      case 3: run.list.clear(); lists_[key].clear(); break;
      case 4: case 5: run.map.edit(number) += 1; maps_[key][number] += 1; break;
      case 6: CHECK(run.map.erase(number) == (maps_[key].erase(number) > 0)); break;
      case 7: run.map.clear(); maps_[key].clear(); break;
      case 8: run.value.edit() += number; values_[key] += number; break;
      case 9: run.value.clear(); values_.erase(key); break;
    }
    if (random_() % 10 == 0) checkpoint();
  }

  void check() {
    for (int i = 0; i < 12; ++i) {
      const std::string key = "k" + std::to_string(i);
      Run& run = run_of(key);
      run.host->enter(key);
      CHECK(run.list.values() == lists_[key]);
      std::map<std::int64_t, std::int64_t> map;
      run.map.for_each([&](std::int64_t at, std::int64_t value) { map[at] = value; });
      CHECK(map == maps_[key]);
      CHECK(run.map.size() == maps_[key].size());
      CHECK(static_cast<bool>(run.value) == values_.contains(key));
      if (run.value) CHECK(*run.value == values_[key]);
    }
  }

 private:
  struct Run {
    std::unique_ptr<Host> host;
    List<std::int64_t> list;
    Map<std::int64_t, std::int64_t> map;
    Value<std::int64_t> value;
    bool snapshotted = false;
  };

  void start(std::uint32_t parallelism, const std::vector<StateChunk>& chunks) {
    runs_.clear();
    for (std::uint32_t task = 0; task < parallelism; ++task) {
      std::vector<StateChunk> copies;
      for (const StateChunk& chunk : chunks) copies.push_back({chunk.table, chunk.kind, chunk.schema, chunk.block.copy()});
      Run run{std::make_unique<Host>(std::move(copies), task, parallelism), {}, {}, {}};
      run.list = run.host->state.list<std::int64_t>("list");
      run.map = run.host->state.map<std::int64_t, std::int64_t>("map");
      run.value = run.host->state.value<std::int64_t>("value");
      runs_.push_back(std::move(run));
    }
  }

  Run& run_of(const std::string& key) {
    const auto parallelism = static_cast<std::uint32_t>(runs_.size());
    return runs_[task_of_group(key_group_of(hash_of(key), kDefaultKeyGroups), parallelism, kDefaultKeyGroups)];
  }

  void checkpoint() {
    const bool delta = runs_.front().snapshotted && random_() % 2 == 0;
    if (!delta) stored_.clear();
    for (Run& run : runs_) {
      for (StateChunk& chunk : run.host->snapshot(delta ? SnapshotMode::Delta : SnapshotMode::Full)) stored_.push_back(std::move(chunk));
      run.snapshotted = true;
    }
    if (random_() % 3 == 0) start(1 + random_() % 4, stored_);
  }

  std::mt19937 random_;
  std::vector<Run> runs_;
  std::vector<StateChunk> stored_;
  std::map<std::string, std::vector<std::int64_t>> lists_;
  std::map<std::string, std::map<std::int64_t, std::int64_t>> maps_;
  std::map<std::string, std::int64_t> values_;
};

TEST_CASE("values, lists and maps survive snapshots, deltas and restores at any parallelism") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("seed ", seed);
    Model model(seed);
    for (int i = 0; i < 400; ++i) {
      model.step();
      if (i % 20 == 0) model.check();
    }
    model.check();
  }
}

}  // namespace
}  // namespace weir
