// Queries over windows of event time: starts inclusive, ends exclusive.
#include "reference.hpp"

namespace nexmark::reference {

std::vector<HotItem> q5(const Events& events) {
  constexpr std::int64_t size_ms = 10'000;
  constexpr std::int64_t slide_ms = 2'000;
  std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> counts;  // window -> auction -> bids
  for (const Event& event : events) {
    if (!event.bid) continue;
    const std::int64_t last_start = event.bid->date_time.ms / slide_ms * slide_ms;
    for (std::int64_t start = last_start; start > event.bid->date_time.ms - size_ms;
         start -= slide_ms) {
      ++counts[start][event.bid->auction];
    }
  }

  std::vector<HotItem> rows;
  for (const auto& [start, auctions] : counts) {
    std::int64_t most = 0;
    for (const auto& [auction, count] : auctions) most = std::max(most, count);
    for (const auto& [auction, count] : auctions) {
      if (count == most) rows.push_back({start, auction, count});
    }
  }
  return rows;
}

std::vector<HighestBid> q7(const Events& events) {
  constexpr std::int64_t size_ms = 10'000;
  std::map<std::int64_t, std::int64_t> highest;  // window -> price
  for (const Event& event : events) {
    if (!event.bid) continue;
    std::int64_t& price = highest[event.bid->date_time.ms / size_ms * size_ms];
    price = std::max(price, event.bid->price);
  }

  // The query's condition includes the window's end, where a bid already belongs to the next
  // window.
  std::vector<HighestBid> rows;
  for (const auto& [start, price] : highest) {
    for (const Event& event : events) {
      if (!event.bid || event.bid->price != price) continue;
      const Bid& bid = *event.bid;
      if (bid.date_time.ms < start || bid.date_time.ms > start + size_ms) continue;
      rows.push_back({start, bid.auction, bid.bidder, bid.price, bid.date_time.ms});
    }
  }
  return rows;
}

std::vector<BidderSession> q11(const Events& events) {
  constexpr std::int64_t gap_ms = 10'000;
  std::map<std::int64_t, std::vector<std::int64_t>> times;  // bidder -> times of bids
  for (const Event& event : events) {
    if (event.bid) times[event.bid->bidder].push_back(event.bid->date_time.ms);
  }

  std::vector<BidderSession> rows;
  for (auto& [bidder, all] : times) {
    std::sort(all.begin(), all.end());
    BidderSession session{bidder, 0, all.front(), all.front() + gap_ms};
    for (const std::int64_t time : all) {
      if (time > session.window_end) {  // sessions that touch are one
        rows.push_back(session);
        session = {bidder, 0, time, 0};
      }
      ++session.bid_count;
      session.window_end = time + gap_ms;
    }
    rows.push_back(session);
  }
  return rows;
}

}  // namespace nexmark::reference
