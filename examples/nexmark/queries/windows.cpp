// Queries over windows of time: q5, q7, q8, q11, q12.
#include <string>
#include <vector>

#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {
namespace {

using namespace std::chrono_literals;

/// The bids on an auction in a window.
struct BidCount {
  std::int64_t auction = 0;
  weir::EventTime window_start;
  std::int64_t bids = 0;
};
WEIR_RECORD(BidCount, auction, window_start, bids);

/// As an aggregate: the auctions with the most bids, several when they are even.
struct Hottest {
  struct Accumulator {
    std::int64_t bids = 0;
    std::vector<std::int64_t> auctions;
  };
  using Result = Accumulator;

  Accumulator create() const { return {}; }
  void add(Accumulator& hottest, const BidCount& count) const {
    if (count.bids < hottest.bids) return;
    if (count.bids > hottest.bids) hottest = {count.bids, {}};
    hottest.auctions.push_back(count.auction);
  }
  void merge(Accumulator& hottest, const Accumulator& other) const {
    if (other.bids < hottest.bids) return;
    if (other.bids > hottest.bids) hottest = {other.bids, {}};
    hottest.auctions.insert(hottest.auctions.end(), other.auctions.begin(), other.auctions.end());
  }
  Result result(const Accumulator& hottest) const { return hottest; }
};
constexpr auto weir_fields(const Hottest::Accumulator*) {
  return std::make_tuple(weir::make_field("bids", &Hottest::Accumulator::bids),
                         weir::make_field("auctions", &Hottest::Accumulator::auctions));
}
constexpr std::string_view weir_record_name(const Hottest::Accumulator*) { return "Hottest"; }

BidderSession bidder_window(std::int64_t bidder, const weir::Window& window, std::int64_t bids) {
  return {bidder, bids, window.start.ms, window.end.ms};
}

}  // namespace

/// Which auctions have the most bids of the last ten seconds, every two? The counts of a window all
/// have its last instant as their time, so that they meet again in a window of two seconds.
void q5(const Site& site, const Output& output) {
  const auto bid_count = [](std::int64_t auction, const weir::Window& window, std::int64_t bids) {
    return BidCount{auction, window.start, bids};
  };
  output.append(site.bids()
                    .key_by(&Bid::auction)
                    .window(weir::sliding(10s, 2s))
                    .aggregate("counts", weir::count(), bid_count)
                    .key_by(&BidCount::window_start)
                    .window(weir::tumbling(2s))
                    .aggregate("hottest", Hottest{})
                    .flat_map<HotItem>([](const auto& window, auto&& out) {
                      for (const std::int64_t auction : window.value.auctions)
                        out({window.key.ms, auction, window.value.bids});
                    }));
}

/// The bids with the highest price of each ten seconds; one at the end of a window, which is the first
/// of the next, counts too.
void q7(const Site& site, const Output& output) {
  const auto bids = site.bids().map([](const Bid& bid) {
    return HighestBid{0, bid.auction, bid.bidder, bid.price, bid.date_time.ms};
  });
  const auto highest = bids.window_all(weir::tumbling(10s)).max("highest", &HighestBid::price);
  const auto price_of = [](const auto& window) { return window.value; };
  output.append(highest.key_by(price_of).interval_join(
      "highest bids", bids.key_by(&HighestBid::price), {.lower = -10s + 1ms, .upper = 1ms},
      weir::JoinKind::Inner, [](const auto& window, const HighestBid& bid) {
        HighestBid row = bid;
        row.window_start = window.start.ms;
        return row;
      }));
}

/// Who signs up and sells something in the same ten seconds?
void q8(const Site& site, const Output& output) {
  const auto sellers = site.auctions().map([](const Auction& auction) { return auction.seller; });
  const auto both = [](const auto& group, auto&& out) {
    if (group.left.empty() || group.right.empty()) return;
    out({group.key, group.left.front().name, group.window.start.ms});
  };
  output.append(site.persons()
                    .key_by(&Person::id)
                    .co_group<NewSeller>("sellers",
                                         sellers.key_by([](std::int64_t id) { return id; }),
                                         weir::tumbling(10s), both));
}

/// How many bids does a bidder make in one go, without ten seconds of silence?
void q11(const Site& site, const Output& output) {
  output.append(site.bids()
                    .key_by(&Bid::bidder)
                    .window(weir::session(10s))
                    .aggregate("sessions", weir::count(), bidder_window));
}

/// How many bids does a bidder make in ten seconds of this machine's clock? The only query whose
/// result is another each time.
void q12(const Site& site, const Output& output) {
  output.append(site.bids()
                    .key_by(&Bid::bidder)
                    .window(weir::tumbling_processing(10s))
                    .aggregate("counts", weir::count(), bidder_window));
}

}  // namespace nexmark
