#include "sim/random_pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "sim/modelled.hpp"

namespace weir::sim {
namespace {

class Builder {
 public:
  explicit Builder(const PipelineWorld& world) : world_(world), random_(world.seed), pipeline_("simulated") {}

  RandomPipeline build() {
    const std::size_t sources = 1 + pick(3);
    for (std::size_t number = 0; number < sources; ++number) open_.push_back(source(number));
    for (std::size_t steps = 2 + pick(6); steps > 0; --steps) grow();
    for (std::size_t i = 0; i < open_.size(); ++i) sink(open_[i], "sink" + std::to_string(i));
    return {pipeline_.graph(), std::move(expected_), order_matters_};
  }

 private:
  std::size_t pick(std::size_t choices) { return random_() % choices; }
  bool chance(std::size_t percent) { return pick(100) < percent; }
  std::string name(const std::string& verb) { return verb + std::to_string(++names_); }

  StepOptions options(const std::string& verb, std::size_t group) {
    return {.name = name(verb), .parallelism = world_.parallelism[group], .fuse = chance(80) ? Fuse::Yes : Fuse::No};
  }

  Modelled source(std::size_t number) {
    const std::size_t group = pick(3);
    const std::int64_t disorder = static_cast<std::int64_t>(pick(40));
    auto splits = std::make_shared<Splits>(1 + pick(4));
    Events all;
    for (std::size_t split = 0; split < splits->size(); ++split) {
      std::int64_t time = static_cast<std::int64_t>(pick(50));
      const std::size_t keys = 1 + pick(8);
      for (std::size_t records = pick(120); records > 0; --records) {
        time += static_cast<std::int64_t>(pick(12));
        const auto at = std::max<std::int64_t>(0, time - static_cast<std::int64_t>(pick(disorder + 1)));
        Event event{static_cast<std::int64_t>(number * 100 + split * 10 + pick(keys)), static_cast<std::int64_t>(pick(1000)),
                    ++numbers_, "s" + std::to_string(number), {}, EventTime{at}};
        if (chance(30)) event.extra = static_cast<std::int32_t>(pick(10));
        (*splits)[split].push_back(event);
      }
      all.insert(all.end(), (*splits)[split].begin(), (*splits)[split].end());
    }
    const Stream<Event> raw = pipeline_.source(name("source"), SplitSource{splits, world_.random},
                                               {.parallelism = world_.parallelism[group]});
    EventTimeOptions time{.out_of_orderness = Duration(disorder)};
    if (chance(50)) time.max_drift = Duration(integer(100));
    return {raw.event_time(&Event::at, time), std::move(all), true, true, group};
  }

  /// The stream on its way to a step of class `group`: with some routing, and what that does to order.
  Modelled routed(Modelled from, std::size_t group) {
    switch (pick(9)) {
      case 0: from.stream = from.stream.rebalance(); from.ordered = false; break;
      case 1: from.stream = from.stream.rescale(); from.ordered = false; break;
      case 2: from.stream = from.stream.shuffle(random_()); from.ordered = false; break;
      case 3: from.stream = from.stream.global(); break;
      case 4: from.stream = from.stream.partition([](const Event& e, std::uint32_t) { return hash_of(e.key); }); break;
      case 5: from.stream = from.stream.key_by(&Event::key).stream(); break;
      default: from.ordered = from.ordered && from.group == group;  // forward, or a rebalance
    }
    from.group = group;
    return from;
  }

  void grow() {
    const std::size_t index = pick(open_.size());
    const bool fork = open_.size() < 4 && chance(20);
    const Modelled from = open_[index];
    merged_.reset();
    Modelled grown = step(from, index);
    if (fork) open_.push_back(std::move(grown));
    else open_[index] = std::move(grown);
    if (merged_) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(*merged_));
  }

  Modelled step(const Modelled& from, std::size_t index) {
    const std::size_t group = chance(50) ? from.group : pick(3);
    switch (pick(14)) {
      case 0: return map(routed(from, group));
      case 1: return filter(routed(from, group));
      case 2: return flat_map(routed(from, group));
      case 3: return merge(from, index, group);
      case 4: return keep_share(from, group);
      case 5: return count(from, group);
      case 6: return from.ordered ? running_sum(from, group) : count(from, group);
      case 7: return from.timed ? late_times(routed(from, group)) : map(routed(from, group));
      case 8: return from.timed ? window(from, group) : loop(from, group);
      case 9: return from.timed ? sliding(from, group) : map(routed(from, group));
      case 10: return from.timed ? session_sums(moved(from, group), 1 + integer(60), keyed("session", group)) : count(from, group);
      case 11: return from.timed ? join(from, group) : filter(routed(from, group));
      case 12: return loop(from, group);
      default: return from.timed ? window(from, group) : count(from, group);
    }
  }

  std::int64_t integer(std::size_t choices) { return static_cast<std::int64_t>(pick(choices)); }
  KeyedStep keyed(const std::string& verb, std::size_t group) {
    return {name(verb), world_.parallelism[group], options("map", group)};
  }
  static Modelled moved(Modelled from, std::size_t group) {
    from.group = group;
    return from;
  }

  Modelled sliding(const Modelled& from, std::size_t group) {
    const std::int64_t slide = 1 + integer(60);
    const std::int64_t size = chance(50) ? slide * (1 + integer(6)) : slide + integer(100);
    return sliding_sums(moved(from, group), size, slide, keyed("sliding", group));
  }

  Modelled join(const Modelled& from, std::size_t group) {
    const Modelled& other = open_[pick(open_.size())];
    return join_near(moved(from, group), other.timed ? other : from, integer(15), keyed("join", group));
  }

  Modelled loop(const Modelled& from, std::size_t group) {
    const Modelled start = routed(from, pick(3));
    const KeyedStep step{name("loop"), world_.parallelism[start.group], options("halve", group)};
    return halve_in_loop(moved(start, group), integer(100), step);
  }

  Modelled map(Modelled from) {
    const auto factor = static_cast<std::int64_t>(1 + pick(5));
    const auto apply = [factor](Event event) {
      event.value = event.value * factor % 1009;
      event.tag += "m";
      return event;
    };
    from.stream = from.stream.map(apply, options("map", from.group));
    for (Event& event : from.events) event = apply(event);
    return from;
  }

  Modelled filter(Modelled from) {
    const auto rest = static_cast<std::int64_t>(2 + pick(4));
    const auto keep = [rest](const Event& event) { return event.value % rest != 0; };
    from.stream = from.stream.filter(keep, options("filter", from.group));
    std::erase_if(from.events, [&](const Event& event) { return !keep(event); });
    return from;
  }

  Modelled flat_map(Modelled from) {
    const auto copies = [](const Event& event, auto&& out) {
      for (std::int64_t i = 0; i < event.value % 3; ++i) {
        Event copy = event;
        copy.number = event.number * 3 + i;
        copy.value += i;
        out(copy);
      }
    };
    from.stream = from.stream.flat_map<Event>(copies, options("flat", from.group));
    Events results;
    for (const Event& event : from.events) copies(event, [&](const Event& copy) { results.push_back(copy); });
    from.events = std::move(results);
    return from;
  }

  Modelled merge(const Modelled& from, std::size_t index, std::size_t group) {
    const std::size_t other = pick(open_.size());
    Modelled left = routed(from, group);
    Modelled right = routed(open_[other], group);
    std::set<std::int64_t> keys;
    for (const Event& event : left.events) keys.insert(event.key);
    const bool disjoint = std::none_of(right.events.begin(), right.events.end(), [&](const Event& e) { return keys.contains(e.key); });
    left.stream = left.stream.merge(right.stream, options("merge", group));
    left.events.insert(left.events.end(), right.events.begin(), right.events.end());
    left.ordered = left.ordered && right.ordered && disjoint;
    left.timed = left.timed && right.timed;
    if (other != index) merged_ = other;
    return left;
  }

  Modelled keep_share(Modelled from, std::size_t group) {
    from.group = group;
    from.stream = from.stream.broadcast().step<Event>("share", options("share", group), [] { return std::make_unique<KeepShare>(); });
    return from;
  }

  Modelled count(Modelled from, std::size_t group) {
    const auto to_event = [](const Keyed<std::int64_t, std::int64_t>& counted) {
      return Event{counted.key, counted.value, 0, "count", {}, EventTime{0}};
    };
    from.stream = from.stream.key_by(&Event::key).count(name("count"), {.parallelism = world_.parallelism[group]})
                      .map(to_event, options("map", group));
    std::map<std::int64_t, std::int64_t> counts;
    for (Event& event : from.events) event = to_event({event.key, ++counts[event.key]});
    from.group = group;
    from.ordered = true;  // whatever came first
    from.timed = false;
    return from;
  }

  Modelled running_sum(Modelled from, std::size_t group) {
    const auto add = [](const Event& sum, const Event& event) {
      Event next = event;
      next.value += sum.value;
      return next;
    };
    from.stream = from.stream.key_by(&Event::key).reduce(name("sum"), add, {.parallelism = world_.parallelism[group]});
    std::map<std::int64_t, Event> sums;
    for (Event& event : from.events) {
      const auto [entry, first] = sums.try_emplace(event.key, event);
      if (!first) entry->second = add(entry->second, event);
      event = entry->second;
    }
    from.group = group;
    order_matters_ = true;
    return from;
  }

  /// New watermarks in mid-stream, with a bound that only the end of time exceeds.
  Modelled late_times(Modelled from) {
    // Directly behind the routed stream a step of its class, since event_time is as parallel as what it reads.
    from = map(std::move(from));
    from.stream = from.stream.event_time(&Event::at, {.out_of_orderness = Duration(1'000'000'000)});
    return from;
  }

  Modelled window(Modelled from, std::size_t group) {
    const auto size = static_cast<std::int64_t>(5 + pick(200));
    Ledger& ledger = *world_.ledger;
    from.stream = from.stream.key_by(&Event::key).stream().step<Event>(
        "window", options("window", group), [size, &ledger] { return std::make_unique<TumblingSum>(size, ledger); });
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> sums;  // by end and key
    for (const Event& event : from.events) sums[{(event.at.ms / size + 1) * size, event.key}] += event.value;
    from.events.clear();
    for (const auto& [window, sum] : sums) from.events.push_back({window.second, sum, 0, "window", {}, EventTime{window.first - 1}});
    from.group = group;
    from.ordered = true;
    return from;
  }

  void sink(const Modelled& stream, const std::string& sink_name) {
    const std::size_t group = pick(3);
    const Modelled last = routed(stream, group);
    last.stream.sink(sink_name, CollectExactlyOnce{world_.ledger}, {.parallelism = world_.parallelism[group]});
    expected_.push_back({sink_name, last.events, last.ordered});
    order_matters_ |= last.ordered;
  }

  const PipelineWorld& world_;
  std::mt19937_64 random_;  // shapes the pipeline: by the seed alone
  Pipeline pipeline_;
  std::vector<Modelled> open_;
  std::optional<std::size_t> merged_;  // of the step just made: the other stream that went into it
  std::vector<Expected> expected_;
  std::int64_t numbers_ = 0;
  int names_ = 0;
  bool order_matters_ = false;
};

}  // namespace

RandomPipeline make_pipeline(const PipelineWorld& world) { return Builder(world).build(); }

}  // namespace weir::sim
