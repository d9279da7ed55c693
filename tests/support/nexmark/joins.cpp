// Queries that bring persons, auctions and bids together.
#include <set>
#include <tuple>

#include "reference.hpp"

namespace nexmark::reference {
namespace {

std::map<std::int64_t, Person> persons_by_id(const Events& events) {
  std::map<std::int64_t, Person> persons;
  for (const Event& event : events) {
    if (event.person) persons[event.person->id] = *event.person;
  }
  return persons;
}

std::map<std::int64_t, Auction> auctions_by_id(const Events& events) {
  std::map<std::int64_t, Auction> auctions;
  for (const Event& event : events) {
    if (event.auction) auctions[event.auction->id] = *event.auction;
  }
  return auctions;
}

/// The best bid in time of every auction that has one: highest price, then earliest, then smallest
/// bidder.
std::map<std::int64_t, Bid> winners(const Events& events,
                                    const std::map<std::int64_t, Auction>& auctions) {
  const auto merit = [](const Bid& bid) {
    return std::tuple(-bid.price, bid.date_time, bid.bidder);
  };
  std::map<std::int64_t, Bid> best;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    const auto auction = auctions.find(bid.auction);
    if (auction == auctions.end()) continue;
    if (bid.date_time < auction->second.date_time || bid.date_time > auction->second.expires)
      continue;
    const auto [place, is_first] = best.try_emplace(bid.auction, bid);
    if (!is_first && merit(bid) < merit(place->second)) place->second = bid;
  }
  return best;
}

std::int64_t tumbling_start(weir::EventTime time) { return time.ms / 10'000 * 10'000; }

}  // namespace

std::vector<LocalItem> q3(const Events& events) {
  const auto persons = persons_by_id(events);
  const std::set<std::string> states = {"OR", "ID", "CA"};
  std::vector<LocalItem> rows;
  for (const auto& [id, auction] : auctions_by_id(events)) {
    const auto seller = persons.find(auction.seller);
    if (auction.category != 10 || seller == persons.end()) continue;
    const Person& person = seller->second;
    if (states.contains(person.state)) rows.push_back({person.name, person.city, person.state, id});
  }
  return rows;
}

std::vector<CategoryAverage> q4(const Events& events) {
  const auto auctions = auctions_by_id(events);
  std::map<std::int64_t, std::vector<std::int64_t>> prices;
  for (const auto& [id, bid] : winners(events, auctions))
    prices[auctions.at(id).category].push_back(bid.price);

  std::vector<CategoryAverage> rows;
  for (const auto& [category, all] : prices) {
    std::int64_t sum = 0;
    for (const std::int64_t price : all) sum += price;
    rows.push_back({category, sum / static_cast<std::int64_t>(all.size())});
  }
  return rows;
}

std::vector<SellerAverage> q6(const Events& events) {
  const auto auctions = auctions_by_id(events);
  // Per seller: winning prices by (expires, auction).
  std::map<std::int64_t, std::map<std::pair<weir::EventTime, std::int64_t>, std::int64_t>> sales;
  for (const auto& [id, bid] : winners(events, auctions)) {
    const Auction& auction = auctions.at(id);
    sales[auction.seller][{auction.expires, id}] = bid.price;
  }

  std::vector<SellerAverage> rows;
  for (const auto& [seller, prices] : sales) {
    std::int64_t sum = 0;
    std::int64_t count = 0;
    for (auto sale = prices.rbegin(); sale != prices.rend() && count < 10; ++sale, ++count)
      sum += sale->second;
    rows.push_back({seller, sum / count});
  }
  return rows;
}

std::vector<NewSeller> q8(const Events& events) {
  std::set<std::pair<std::int64_t, std::int64_t>> sellers;  // (seller, window)
  for (const auto& [id, auction] : auctions_by_id(events)) {
    sellers.emplace(auction.seller, tumbling_start(auction.date_time));
  }
  std::vector<NewSeller> rows;
  for (const auto& [id, person] : persons_by_id(events)) {
    const std::int64_t window = tumbling_start(person.date_time);
    if (sellers.contains({id, window})) rows.push_back({id, person.name, window});
  }
  return rows;
}

std::vector<WinningBid> q9(const Events& events) {
  const auto auctions = auctions_by_id(events);
  std::vector<WinningBid> rows;
  for (const auto& [id, bid] : winners(events, auctions)) {
    const Auction& auction = auctions.at(id);
    rows.push_back({id, auction.seller, auction.category, bid.bidder, bid.price, bid.date_time.ms});
  }
  return rows;
}

std::vector<ItemBid> q20(const Events& events) {
  const auto auctions = auctions_by_id(events);
  std::vector<ItemBid> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    const auto found = auctions.find(bid.auction);
    if (found == auctions.end() || found->second.category != 10) continue;
    const Auction& auction = found->second;
    rows.push_back({bid.auction, bid.bidder, bid.price, bid.date_time.ms, auction.item_name,
                    auction.seller, auction.category});
  }
  return rows;
}

std::vector<TradingBidder> q23(const Events& events) {
  const auto persons = persons_by_id(events);
  std::multimap<std::int64_t, std::int64_t> sold_by;  // seller -> auction
  for (const auto& [id, auction] : auctions_by_id(events)) sold_by.emplace(auction.seller, id);

  std::vector<TradingBidder> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    const auto bidder = persons.find(bid.bidder);
    if (bidder == persons.end()) continue;
    const auto [first, last] = sold_by.equal_range(bid.bidder);
    for (auto sold = first; sold != last; ++sold) {
      rows.push_back({bid.auction, bid.bidder, bidder->second.name, bid.price, sold->second});
    }
  }
  return rows;
}

}  // namespace nexmark::reference
