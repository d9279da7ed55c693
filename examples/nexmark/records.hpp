// What happens on Nexmark's auction site: people sign up, auctions open, bids arrive. The three
// kinds share one stream, in the order in which they happen, as in a log of the site; queries take
// the kinds they need out of it.
//
// An Event moves no more than the record that it holds: the other two are flags. 46 of 50 are bids.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include <weir/base/time.hpp>
#include <weir/record/record.hpp>

namespace nexmark {

struct Person {
  std::int64_t id = 0;
  std::string name;
  std::string email_address;
  std::string credit_card;
  std::string city;
  std::string state;
  weir::EventTime date_time;
  std::string extra;

  friend auto operator<=>(const Person&, const Person&) = default;
};
WEIR_RECORD(Person, id, name, email_address, credit_card, city, state, date_time, extra);

struct Auction {
  std::int64_t id = 0;
  std::string item_name;
  std::string description;
  std::int64_t initial_bid = 0;  // cents
  std::int64_t reserve = 0;      // cents
  weir::EventTime date_time;
  weir::EventTime expires;
  std::int64_t seller = 0;  // a Person's id
  std::int64_t category = 0;
  std::string extra;

  friend auto operator<=>(const Auction&, const Auction&) = default;
};
WEIR_RECORD(Auction, id, item_name, description, initial_bid, reserve, date_time, expires, seller,
            category, extra);

struct Bid {
  std::int64_t auction = 0;  // an Auction's id
  std::int64_t bidder = 0;   // a Person's id
  std::int64_t price = 0;    // cents
  std::string channel;
  std::string url;
  weir::EventTime date_time;
  std::string extra;

  friend auto operator<=>(const Bid&, const Bid&) = default;
};
WEIR_RECORD(Bid, auction, bidder, price, channel, url, date_time, extra);

/// Exactly one of the three.
struct Event {
  std::optional<Bid> bid;
  std::optional<Auction> auction;
  std::optional<Person> person;

  weir::EventTime date_time() const {
    if (bid) return bid->date_time;
    if (auction) return auction->date_time;
    return person ? person->date_time : weir::EventTime::min();
  }

  friend auto operator<=>(const Event&, const Event&) = default;
};
WEIR_RECORD(Event, bid, auction, person);

}  // namespace nexmark
