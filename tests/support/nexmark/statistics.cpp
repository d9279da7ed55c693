// Queries that count bids by day, channel and auction, or keep the best of each group.
#include <array>
#include <set>
#include <tuple>

#include "calendar.hpp"
#include "reference.hpp"

namespace nexmark::reference {
namespace {

/// 1, 2 or 3.
std::size_t rank_of(std::int64_t price) { return price < 10'000 ? 1 : price < 1'000'000 ? 2 : 3; }

/// At 0 all bids, at 1 … 3 those of a rank.
struct Tally {
  std::array<std::int64_t, 4> bids{};
  std::array<std::set<std::int64_t>, 4> bidders;
  std::array<std::set<std::int64_t>, 4> auctions;
  std::string last_minute;

  void add(const Bid& bid) {
    for (const std::size_t i : {std::size_t{0}, rank_of(bid.price)}) {
      ++bids[i];
      bidders[i].insert(bid.bidder);
      auctions[i].insert(bid.auction);
    }
    last_minute = std::max(last_minute, minute_of(bid.date_time));
  }
};

std::int64_t count(const std::set<std::int64_t>& ids) {
  return static_cast<std::int64_t>(ids.size());
}

}  // namespace

std::vector<DayStatistics> q15(const Events& events) {
  std::map<std::string, Tally> days;
  for (const Event& event : events) {
    if (event.bid) days[day_of(event.bid->date_time)].add(*event.bid);
  }
  std::vector<DayStatistics> rows;
  for (const auto& [day, tally] : days) {
    const auto& [bids, bidders, auctions, minute] = tally;
    rows.push_back({day, bids[0], bids[1], bids[2], bids[3], count(bidders[0]), count(bidders[1]),
                    count(bidders[2]), count(bidders[3]), count(auctions[0]), count(auctions[1]),
                    count(auctions[2]), count(auctions[3])});
  }
  return rows;
}

std::vector<ChannelStatistics> q16(const Events& events) {
  std::map<std::pair<std::string, std::string>, Tally> groups;
  for (const Event& event : events) {
    if (event.bid) groups[{event.bid->channel, day_of(event.bid->date_time)}].add(*event.bid);
  }
  std::vector<ChannelStatistics> rows;
  for (const auto& [key, tally] : groups) {
    const auto& [bids, bidders, auctions, minute] = tally;
    rows.push_back({key.first, key.second, minute, bids[0], bids[1], bids[2], bids[3],
                    count(bidders[0]), count(bidders[1]), count(bidders[2]), count(bidders[3]),
                    count(auctions[0]), count(auctions[1]), count(auctions[2]),
                    count(auctions[3])});
  }
  return rows;
}

std::vector<AuctionStatistics> q17(const Events& events) {
  std::map<std::pair<std::int64_t, std::string>, std::vector<std::int64_t>> prices;
  for (const Event& event : events) {
    if (event.bid)
      prices[{event.bid->auction, day_of(event.bid->date_time)}].push_back(event.bid->price);
  }
  std::vector<AuctionStatistics> rows;
  for (const auto& [key, all] : prices) {
    std::array<std::int64_t, 4> ranks{};
    std::int64_t sum = 0;
    for (const std::int64_t price : all) {
      ++ranks[rank_of(price)];
      sum += price;
    }
    const auto bids = static_cast<std::int64_t>(all.size());
    rows.push_back({key.first, key.second, bids, ranks[1], ranks[2], ranks[3],
                    *std::min_element(all.begin(), all.end()),
                    *std::max_element(all.begin(), all.end()), sum / bids, sum});
  }
  return rows;
}

std::vector<PlainBid> q18(const Events& events) {
  const auto recency = [](const PlainBid& bid) {
    return std::tie(bid.date_time, bid.price, bid.extra);
  };
  std::map<std::pair<std::int64_t, std::int64_t>, PlainBid> last;
  for (const PlainBid& bid : q0(events)) {
    const auto [place, is_first] = last.try_emplace({bid.bidder, bid.auction}, bid);
    if (!is_first && recency(place->second) < recency(bid)) place->second = bid;
  }
  std::vector<PlainBid> rows;
  for (const auto& [key, bid] : last) rows.push_back(bid);
  return rows;
}

std::vector<RankedBid> q19(const Events& events) {
  std::map<std::int64_t, std::vector<Bid>> auctions;
  for (const Event& event : events) {
    if (event.bid) auctions[event.bid->auction].push_back(*event.bid);
  }
  const auto merit = [](const Bid& bid) {
    return std::tuple(-bid.price, bid.date_time, bid.bidder);
  };
  std::vector<RankedBid> rows;
  for (auto& [auction, bids] : auctions) {
    std::sort(bids.begin(), bids.end(),
              [&](const Bid& a, const Bid& b) { return merit(a) < merit(b); });
    for (std::size_t i = 0; i < bids.size() && i < 10; ++i) {
      rows.push_back({auction, bids[i].bidder, bids[i].price, bids[i].date_time.ms,
                      static_cast<std::int64_t>(i) + 1});
    }
  }
  return rows;
}

}  // namespace nexmark::reference
