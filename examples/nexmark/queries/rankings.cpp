// Queries that keep the best of each group: q18, q19.
#include <tuple>
#include <utility>

#include "../plain_bid.hpp"
#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {

/// The last bid of each bidder on each auction: the latest, then the highest, then that with the
/// greatest extra.
void q18(const Site& site, const Output& output) {
  const auto bidder_and_auction = [](const PlainBid& bid) {
    return std::pair(bid.bidder, bid.auction);
  };
  const auto later = [](const PlainBid& a, const PlainBid& b) {
    return std::tie(a.date_time, a.price, a.extra) < std::tie(b.date_time, b.price, b.extra) ? b
                                                                                             : a;
  };
  output.update(site.bids().map(plain).key_by(bidder_and_auction).reduce("last", later),
                bidder_and_auction);
}

/// The ten best bids on each auction: the highest, then the earliest, then that of the smallest
/// bidder.
void q19(const Site& site, const Output& output) {
  const auto before = [](const RankedBid& a, const RankedBid& b) {
    return std::tuple(-a.price, a.date_time, a.bidder) <
           std::tuple(-b.price, b.date_time, b.bidder);
  };
  const auto rows = site.bids()
                        .map([](const Bid& bid) {
                          return RankedBid{bid.auction, bid.bidder, bid.price, bid.date_time.ms, 0};
                        })
                        .key_by(&RankedBid::auction)
                        .top_n("top", 10, before)
                        .map([](weir::Ranked<RankedBid> ranked) {
                          ranked.record.rank = ranked.rank;
                          return ranked.record;
                        });
  output.update(rows, [](const RankedBid& row) { return std::pair(row.auction, row.rank); });
}

}  // namespace nexmark
