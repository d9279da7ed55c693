// Windows of event time. The loops know that their records come in order; the engine finds out by watermarks.
//
//   q5        Nexmark query 5: bids per auction over 10 s, every 2 s, and the greatest number of each window. The loop
//             keeps a map per slice of 2 s and joins five of them when a window is over
//   q8        Nexmark query 8: who arrives and sells in the same 10 s
//   sliding   an hour by the second beside a tumbling hour, both by the engine: "loop" is the tumbling one
#include <array>
#include <unordered_map>

#include "cases.hpp"
#include "engine.hpp"
#include "records.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSlideMs = 2'000;
constexpr std::int64_t kSlices = 5;  // in a window
constexpr std::int64_t kJoinMs = 10'000;

struct AuctionCount {
  weir::EventTime window;  // its start
  std::int64_t bids = 0;
};
WEIR_RECORD(AuctionCount, window, bids);

/// Of a person: arrives, or sells.
struct Appearance {
  std::int64_t person = 0;
  bool sells = false;
  weir::EventTime at;
};
WEIR_RECORD(Appearance, person, sells, at);

struct Presence {
  bool arrives = false;
  bool sells = false;
};
WEIR_RECORD(Presence, arrives, sells);

/// What a person does in a window, as an aggregate.
struct Present {
  using Accumulator = Presence;
  using Result = Presence;
  Accumulator create() const { return {}; }
  void add(Accumulator& presence, const Appearance& appearance) const {
    (appearance.sells ? presence.sells : presence.arrives) = true;
  }
  void merge(Accumulator& presence, const Accumulator& other) const {
    presence.arrives |= other.arrives;
    presence.sells |= other.sells;
  }
  Result result(const Accumulator& presence) const { return presence; }
};

struct Reading {
  std::int64_t sensor = 0;
  weir::EventTime at;
};
WEIR_RECORD(Reading, sensor, at);

std::uint64_t number_of(std::int64_t window_start, std::int64_t value) {
  return static_cast<std::uint64_t>(window_start + 1) * static_cast<std::uint64_t>(value + 7);
}

/// Ten bids a millisecond; a new auction every 16; bids go to one of the last thousand, half of them to a hot one.
std::vector<FlatBid> auction_site(std::size_t count) {
  Draws draws(1);
  std::vector<FlatBid> bids;
  bids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto newest = static_cast<std::int64_t>(i / 16) + 1000;
    const std::int64_t auction = draws.below(2) == 0 ? newest / 100 * 100 : newest - static_cast<std::int64_t>(draws.below(1000));
    bids.push_back({auction, static_cast<std::int64_t>(draws.below(100'000)), static_cast<std::int64_t>(draws.below(1'000'000)),
                    {static_cast<std::int64_t>(i / 10)}});
  }
  return bids;
}

using Counts = std::unordered_map<std::int64_t, std::int64_t>;

/// The counts of the last slices, and what the windows over them yield.
class SlicedCounts {
 public:
  std::uint64_t checksum() const { return sum_; }

  void add(std::int64_t slice, std::int64_t auction) {
    if (slice != current_) advance(slice);
    ++counts_[static_cast<std::size_t>(slice % kSlices)][auction];
  }
  void finish() { advance(current_ + kSlices); }

 private:
  void advance(std::int64_t slice) {
    for (; current_ < slice; ++current_) {
      fire();
      counts_[static_cast<std::size_t>((current_ + 1) % kSlices)].clear();
    }
  }

  /// The window whose last slice is the current one.
  void fire() {
    Counts window;
    window.reserve(16'384);
    for (const Counts& slice : counts_) {
      for (const auto& [auction, bids] : slice) window[auction] += bids;
    }
    std::int64_t most = 0;
    for (const auto& [auction, bids] : window) most = std::max(most, bids);
    if (most > 0) sum_ += number_of((current_ - kSlices + 1) * kSlideMs, most);
  }

  std::array<Counts, kSlices> counts_;
  std::int64_t current_ = 0;
  std::uint64_t sum_ = 0;
};

Outcome q5_by_hand(const std::vector<FlatBid>& bids) {
  SlicedCounts counts;
  for (const FlatBid& bid : bids) counts.add(bid.at.ms / kSlideMs, bid.auction);
  counts.finish();
  return {counts.checksum(), nullptr};
}

Outcome q5_by_engine(const weir::Collection<FlatBid>& source) {
  const auto fold = [](const auto& hottest) { return number_of(hottest.key.ms, hottest.value); };
  return run_engine(fold, [&](weir::Pipeline& pipeline, auto sink) {
    pipeline.source("bids", source)
        .event_time(&FlatBid::at, {})
        .key_by(&FlatBid::auction)
        .window(weir::sliding(10s, 2s))
        .aggregate("counts", weir::count(),
                   [](std::int64_t, const weir::Window& window, std::int64_t bids) { return AuctionCount{window.start, bids}; })
        .key_by(&AuctionCount::window)
        .window(weir::tumbling(2s))
        .max("hottest", &AuctionCount::bids)
        .sink("out", sink);
  });
}

Comparison q5(std::size_t count) {
  const auto source = weir::collection(auction_site(count));
  return {.records = count,
          .engine = {"engine", [source] { return q5_by_engine(source); }},
          .loops = {{"unordered_map", [source] { return q5_by_hand(*source.records); }}},
          .target = 0.4};
}

/// One arrival a millisecond.
std::vector<Appearance> arrivals(std::size_t count) {
  std::vector<Appearance> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) all.push_back({static_cast<std::int64_t>(i), false, {static_cast<std::int64_t>(i)}});
  return all;
}

/// Three sales a millisecond, by one of the last 20,000 who arrived.
std::vector<Appearance> sales(std::size_t count) {
  Draws draws(2);
  std::vector<Appearance> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto newest = static_cast<std::int64_t>(i / 3);
    all.push_back({newest - static_cast<std::int64_t>(draws.below(20'000)), true, {newest}});
  }
  return all;
}

Outcome q8_by_hand(const std::vector<Appearance>& arrivals, const std::vector<Appearance>& sales) {
  std::unordered_map<std::int64_t, bool> sold;  // who arrived in the window, and whether they sold
  sold.reserve(2 * kJoinMs);
  std::uint64_t sum = 0;
  auto sale = sales.begin();
  for (auto arrival = arrivals.begin(); arrival != arrivals.end();) {
    const std::int64_t window = arrival->at.ms / kJoinMs;
    sold.clear();
    for (; arrival != arrivals.end() && arrival->at.ms / kJoinMs == window; ++arrival) sold.emplace(arrival->person, false);
    for (; sale != sales.end() && sale->at.ms / kJoinMs == window; ++sale) {
      const auto found = sold.find(sale->person);
      if (found == sold.end() || std::exchange(found->second, true)) continue;
      sum += number_of(window * kJoinMs, sale->person);
    }
  }
  return {sum, nullptr};
}

Outcome q8_by_engine(const weir::Collection<Appearance>& arrivals, const weir::Collection<Appearance>& sales) {
  const auto fold = [](const auto& seller) { return number_of(seller.start.ms, seller.key); };
  return run_engine(fold, [&](weir::Pipeline& pipeline, auto sink) {
    const auto arriving = pipeline.source("arrivals", arrivals).event_time(&Appearance::at, {});
    pipeline.source("sales", sales)
        .event_time(&Appearance::at, {})
        .merge(arriving)
        .key_by(&Appearance::person)
        .window(weir::tumbling(10s))
        .aggregate("sellers", Present{})
        .filter([](const auto& window) { return window.value.arrives && window.value.sells; })
        .sink("out", sink);
  });
}

Comparison q8(std::size_t count) {
  const auto arriving = weir::collection(arrivals(count / 4));
  const auto selling = weir::collection(sales(count / 4 * 3));
  return {.records = count / 4 * 4,
          .engine = {"engine", [arriving, selling] { return q8_by_engine(arriving, selling); }},
          .loops = {{"unordered_map", [arriving, selling] { return q8_by_hand(*arriving.records, *selling.records); }}},
          .target = 0.4};
}

/// Five readings a millisecond.
std::vector<Reading> readings(std::size_t count, std::uint64_t sensors) {
  Draws draws(1);
  std::vector<Reading> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({static_cast<std::int64_t>(draws.below(sensors)), {static_cast<std::int64_t>(i / 5)}});
  }
  return all;
}

/// The two yield different results: the sums of both are checked against what they must be by a count of the records, each of
/// which is in one tumbling window and in 3600 sliding ones.
template <class Assigner>
Outcome count_by_window(const weir::Collection<Reading>& source, Assigner assigner, std::uint64_t windows_per_record) {
  const auto fold = [](const auto& window) { return static_cast<std::uint64_t>(window.value); };
  Outcome outcome = run_engine(fold, [&](weir::Pipeline& pipeline, auto sink) {
    pipeline.source("readings", source)
        .event_time(&Reading::at, {})
        .key_by(&Reading::sensor)
        .window(assigner)
        .count("counts")
        .sink("out", sink);
  });
  outcome.checksum /= windows_per_record;
  return outcome;
}

Comparison sliding_beside_tumbling(std::size_t count, std::uint64_t sensors) {
  const auto source = weir::collection(readings(count, sensors));
  return {.records = count,
          .engine = {"engine", [source] { return count_by_window(source, weir::sliding(1h, 1s), 3600); }},
          .loops = {{"tumbling", [source] { return count_by_window(source, weir::tumbling(1h), 1); }}},
          .target = 0.5};
}

}  // namespace

void add_window_cases(const Settings& settings) {
  const std::size_t records = settings.scaled(20'000'000);
  add_comparison(settings, "window/q5_sliding", [records] { return q5(records); });
  add_comparison(settings, "window/q8_join", [records] { return q8(records); });
  const std::size_t hours = settings.scaled(36'000'000);  // two hours of event time at full scale
  for (const std::uint64_t sensors : {100, 1000}) {
    add_comparison(settings, "window/sliding_1h_1s/keys_" + std::to_string(sensors),
                   [hours, sensors] { return sliding_beside_tumbling(hours, sensors); });
  }
}

}  // namespace bench
