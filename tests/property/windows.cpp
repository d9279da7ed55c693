// Windows must give what their definition says, whatever the order of records, the size of batches, the parallelism, and
// wherever they are interrupted and restored. Random records go through the operators and through a reference that
// follows the definition word by word; what comes out after each step must be the same.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>

#include <weir/operators/windowed.hpp>

#include "support/operator_driver.hpp"
#include "support/task_harness.hpp"

namespace weir::testing {
namespace {

struct Event {
  std::int64_t key = 0;
  std::int64_t value = 0;
  friend auto operator<=>(const Event&, const Event&) = default;
};
WEIR_RECORD(Event, key, value);

/// Neither invertible nor indifferent to records that are counted twice.
struct Summary {
  std::int64_t sum = 0;
  std::int64_t greatest = std::numeric_limits<std::int64_t>::min();
  friend auto operator<=>(const Summary&, const Summary&) = default;
};
WEIR_RECORD(Summary, sum, greatest);

struct Summarize {
  using Accumulator = Summary;
  using Result = Summary;
  Accumulator create() const { return {}; }
  void add(Summary& to, const Event& event) const { merge(to, {event.value, event.value}); }
  void merge(Summary& to, const Summary& other) const {
    to.sum += other.sum;
    to.greatest = std::max(to.greatest, other.greatest);
  }
  Summary result(const Summary& summary) const { return summary; }
};

using Result = WindowResult<std::int64_t, Summary>;

struct Output {
  std::vector<std::pair<Result, EventTime>> results;
  std::vector<std::pair<Event, EventTime>> late;

  void sort() {
    std::sort(results.begin(), results.end());
    std::sort(late.begin(), late.end());
  }
  friend bool operator==(const Output&, const Output&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Output& output) {
    for (const auto& [result, time] : output.results) out << describe(result) << '@' << time.ms << ' ';
    out << "late:";
    for (const auto& [event, time] : output.late) out << ' ' << describe(event) << '@' << time.ms;
    return out;
  }
};

/// What a case is about.
struct Shape {
  enum class Kind { Tumbling, Sliding, Session } kind = Kind::Tumbling;
  std::int64_t size = 10;  // of sessions: the gap
  std::int64_t slide = 10;
  std::int64_t offset = 0;
  std::int64_t lateness = 0;

  std::vector<Window> windows(std::int64_t time) const {
    if (kind == Kind::Session) return {{{time}, {time + size}}};
    std::vector<Window> all;
    for (std::int64_t start = time - size + 1; start <= time; ++start) {
      if ((start - offset) % slide == 0) all.push_back({{start}, {start + size}});
    }
    return all;
  }
};

/// Windows by definition.
class Reference {
 public:
  explicit Reference(const Shape& shape) : shape_(shape) {}

  void add(const Event& event, std::int64_t time, Output& out) {
    bool taken = false;
    const auto windows = shape_.windows(time);
    for (Window window : windows) {
      std::vector<Event> events{event};
      if (shape_.kind == Shape::Kind::Session) absorb(event.key, window, events);
      if (over(window)) continue;
      taken = true;
      auto& kept = panes_[{event.key, window}];
      kept.insert(kept.end(), events.begin(), events.end());
      if (window.last() <= watermark_) fire(event.key, window, out);
    }
    if (!taken && !windows.empty()) out.late.emplace_back(event, EventTime{time});
  }

  void advance(EventTime watermark, Output& out) {
    const EventTime before = watermark_;
    watermark_ = watermark;
    for (const auto& [place, events] : panes_) {
      if (place.second.last() > before && place.second.last() <= watermark_) fire(place.first, place.second, out);
    }
    std::erase_if(panes_, [&](const auto& pane) { return over(pane.first.second); });
  }

 private:
  bool over(const Window& window) const { return window.last() + Duration(shape_.lateness) <= watermark_; }

  void absorb(std::int64_t key, Window& window, std::vector<Event>& events) {
    for (auto at = panes_.begin(); at != panes_.end();) {
      if (at->first.first == key && at->first.second.touches(window)) {
        window = window.cover(at->first.second);
        events.insert(events.end(), at->second.begin(), at->second.end());
        at = panes_.erase(at);
        at = panes_.begin();  // the wider window may touch earlier ones
      } else {
        ++at;
      }
    }
  }

  void fire(std::int64_t key, const Window& window, Output& out) const {
    Summary summary;
    for (const Event& event : panes_.at({key, window})) Summarize().add(summary, event);
    out.results.push_back({{key, window.start, window.end, summary}, window.last()});
  }

  Shape shape_;
  EventTime watermark_ = EventTime::min();
  std::map<std::pair<std::int64_t, Window>, std::vector<Event>> panes_;
};

/// A job of one operator at some parallelism, interrupted at random.
class Job {
 public:
  Job(OperatorFactory make, std::mt19937_64& random) : make_(std::move(make)), random_(random) { start(1, {}); }

  void process(const std::vector<std::pair<Event, std::int64_t>>& events) {
    const auto tasks = static_cast<std::uint32_t>(drivers_.size());
    std::vector<std::unique_ptr<Batch<Event>>> batches(tasks);
    for (const auto& [event, time] : events) {
      const std::uint32_t task = task_of_group(key_group_of(hash_of(event.key), kDefaultKeyGroups), tasks, kDefaultKeyGroups);
      if (!batches[task]) batches[task] = std::make_unique<Batch<Event>>();
      batches[task]->push(event, EventTime{time});
    }
    for (std::uint32_t task = 0; task < tasks; ++task) {
      if (batches[task]) drivers_[task]->process(std::move(batches[task]));
    }
    if (random_() % 4 == 0) interrupt();
  }

  void advance(EventTime watermark) {
    watermark_ = watermark;
    if (random_() % 2 == 0) {
      // Some tasks have got on with it when the snapshot is taken.
      for (auto& driver : drivers_) {
        for (auto steps = random_() % 6; steps > 0 && driver->step_watermark(watermark) == Progress::More; --steps) {
        }
      }
      interrupt();
    }
    for (auto& driver : drivers_) finish_watermark(*driver);
  }

  Output take() {
    collect();
    Output taken = std::exchange(output_, {});
    taken.sort();
    return taken;
  }

 private:
  void finish_watermark(OperatorDriver& driver) {
    while (driver.step_watermark(watermark_) == Progress::More) {
    }
  }

  void collect() {
    for (auto& driver : drivers_) {
      for (auto& result : driver->take<Result>(0)) output_.results.push_back(std::move(result));
      for (auto& late : driver->take<Event>(1)) output_.late.push_back(std::move(late));
    }
  }

  /// Takes a snapshot, and every other time goes on from it with as many or other tasks.
  void interrupt() {
    const auto mode = stored_.empty() || random_() % 3 == 0 ? SnapshotMode::Full : SnapshotMode::Delta;
    if (mode == SnapshotMode::Full) stored_.clear();
    for (auto& driver : drivers_) stored_.push_back(driver->snapshot(mode));
    if (random_() % 2 == 0) return;
    collect();
    const auto tasks = static_cast<std::uint32_t>(random_() % 2 == 0 ? drivers_.size() : 1 + random_() % 3);
    start(tasks, std::exchange(stored_, {}));
  }

  void start(std::uint32_t tasks, const std::vector<TaskSnapshot>& stored) {
    drivers_.clear();
    for (std::uint32_t task = 0; task < tasks; ++task) {
      drivers_.push_back(std::make_unique<OperatorDriver>(
          make_, DriverOptions{task, tasks, random_(), watermark_, 0}, stored));
      if (watermark_ != EventTime::min()) finish_watermark(*drivers_.back());  // as a task does
    }
  }

  OperatorFactory make_;
  std::mt19937_64& random_;
  EventTime watermark_ = EventTime::min();
  std::vector<std::unique_ptr<OperatorDriver>> drivers_;
  std::vector<TaskSnapshot> stored_;
  Output output_;
};

/// The default trigger by another name: keeps windows from being sliced.
struct SameTrigger : AtEnd {};

enum class Way { Default, General, Elements };

template <class Windowed>
OperatorFactory in_a_way(const Windowed& windowed, Way way) {
  switch (way) {
    case Way::Default: windowed.aggregate("w", Summarize{}); break;
    case Way::General: windowed.trigger(SameTrigger{}).aggregate("w", Summarize{}); break;
    case Way::Elements:
      windowed.template process<Result>("w", [](const auto& window, auto&& out) {
        Summary summary;
        for (const Event& event : window.elements) Summarize().add(summary, event);
        out({window.key, window.window.start, window.window.end, summary});
      });
  }
  return nullptr;
}

OperatorFactory make_operator(const Shape& shape, Way way) {
  return operator_of<Event>([&](auto events) {
    const auto keyed = events.key_by(&Event::key);
    const WindowOptions options{.allowed_lateness = Duration(shape.lateness)};
    const WindowShape offset{Duration(shape.offset)};
    switch (shape.kind) {
      case Shape::Kind::Tumbling: in_a_way(keyed.window(tumbling(Duration(shape.size), offset), options), way); break;
      case Shape::Kind::Sliding:
        in_a_way(keyed.window(sliding(Duration(shape.size), Duration(shape.slide), offset), options), way);
        break;
      case Shape::Kind::Session: in_a_way(keyed.window(session(Duration(shape.size)), options), way); break;
    }
    return events;
  });
}

Shape random_shape(Shape::Kind kind, std::mt19937_64& random) {
  const auto below = [&](std::int64_t bound) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound)); };
  Shape shape{kind};
  shape.size = 1 + below(kind == Shape::Kind::Session ? 6 : 20);
  shape.slide = kind == Shape::Kind::Sliding ? 1 + below(12) : shape.size;
  if (kind == Shape::Kind::Sliding && random() % 2 == 0) {  // many slices, which then share entries of state
    shape.size = 24 + below(40);
    shape.slide = 1 + below(3);
  }
  shape.offset = below(40) - 20;
  shape.lateness = random() % 2 == 0 ? 0 : below(30);
  return shape;
}

void check_case(Shape::Kind kind, Way way, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::int64_t bound) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound)); };
  const Shape shape = random_shape(kind, random);
  const bool many = seed % 8 == 0;  // keys, so that firing a window takes several steps
  const std::int64_t keys = many ? 400 : 1 + below(12);
  const std::int64_t disorder = 1 + below(40);
  CAPTURE(seed);
  CAPTURE(shape.size);
  CAPTURE(shape.slide);
  CAPTURE(shape.offset);
  CAPTURE(shape.lateness);

  Reference reference(shape);
  Job job(make_operator(shape, way), random);
  std::int64_t now = below(1000) - 500;
  std::int64_t watermark = now - 50;
  for (int step = 0; step < 40; ++step) {
    Output expected;
    std::ostringstream what;
    if (random() % 3 != 0) {
      std::vector<std::pair<Event, std::int64_t>> events(static_cast<std::size_t>(below(many ? 600 : 30)));
      for (auto& [event, time] : events) {
        event = {below(keys), below(100)};
        time = now - below(disorder) + below(3);
        reference.add(event, time, expected);
        what << describe(event) << '@' << time << ' ';
      }
      job.process(events);
    } else {
      watermark = std::max(watermark, now - below(disorder));
      if (step == 39) watermark = EventTime::max().ms;
      what << "watermark " << watermark;
      reference.advance({watermark}, expected);
      job.advance({watermark});
    }
    expected.sort();
    const std::string input = what.str();
    CAPTURE(step);
    CAPTURE(input);
    const Output found = job.take();
    REQUIRE(found == expected);
    now += random() % 16 == 0 ? below(100) * 1'000'000'000'000 : below(12);  // at times thousands of years
  }
}

void check(Shape::Kind kind, Way way) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) check_case(kind, way, seed);
}

}  // namespace

TEST_CASE("sliced tumbling windows are what their definition says") { check(Shape::Kind::Tumbling, Way::Default); }
TEST_CASE("sliced sliding windows are what their definition says") { check(Shape::Kind::Sliding, Way::Default); }
TEST_CASE("tumbling windows without slices are what their definition says") { check(Shape::Kind::Tumbling, Way::General); }
TEST_CASE("sliding windows without slices are what their definition says") { check(Shape::Kind::Sliding, Way::General); }
TEST_CASE("session windows are what their definition says") { check(Shape::Kind::Session, Way::Default); }
TEST_CASE("sliding windows that keep records are what their definition says") { check(Shape::Kind::Sliding, Way::Elements); }
TEST_CASE("session windows that keep records are what their definition says") { check(Shape::Kind::Session, Way::Elements); }

}  // namespace weir::testing
