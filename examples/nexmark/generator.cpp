#include "generator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <weir/base/check.hpp>

#include "random_text.hpp"

namespace nexmark {
namespace {

using namespace std::string_view_literals;

// Of every 50 events.
constexpr std::uint64_t events_per_round = 50;
constexpr std::uint64_t persons_per_round = 1;
constexpr std::uint64_t auctions_per_round = 3;

constexpr std::uint64_t shuffle_step = 953;  // a prime: visits every place of a group

constexpr std::int64_t first_person_id = 1000;
constexpr std::int64_t first_auction_id = 1000;
constexpr std::int64_t first_category = 10;
constexpr std::int32_t categories = 5;

// Bids and sales go mostly to a few: of so many, one is drawn from all that are active.
constexpr std::int32_t hot_seller_ratio = 4;
constexpr std::int32_t hot_auction_ratio = 2;
constexpr std::int32_t hot_bidder_ratio = 4;
constexpr std::int64_t hot_group = 100;  // ids that share one hot id
constexpr std::int64_t active_persons = 1000;
constexpr std::int64_t auctions_in_flight = 100;
constexpr std::int64_t lead = 10;  // ids that may be drawn before they exist

// Average bytes of a record.
constexpr std::size_t person_bytes = 200;
constexpr std::size_t auction_bytes = 500;
constexpr std::size_t bid_bytes = 100;

constexpr std::array first_names = {"Peter"sv, "Paul"sv,   "Luke"sv,  "John"sv,
                                    "Saul"sv,  "Vicky"sv,  "Kate"sv,  "Julie"sv,
                                    "Sarah"sv, "Deiter"sv, "Walter"sv};
constexpr std::array last_names = {"Shultz"sv, "Abrams"sv, "Spencer"sv, "White"sv, "Bartels"sv,
                                   "Walton"sv, "Smith"sv,  "Jones"sv,   "Noris"sv};
constexpr std::array cities = {"Phoenix"sv,  "Los Angeles"sv, "San Francisco"sv, "Boise"sv,
                               "Portland"sv, "Bend"sv,        "Redmond"sv,       "Seattle"sv,
                               "Kent"sv,     "Cheyenne"sv};
constexpr std::array states = {"AZ"sv, "CA"sv, "ID"sv, "OR"sv, "WA"sv, "WY"sv};

template <std::size_t N>
std::string_view one_of(JavaRandom& random, const std::array<std::string_view, N>& choices) {
  return choices[static_cast<std::size_t>(random.next_int(static_cast<std::int32_t>(N)))];
}

/// The newest person and auction (counted from 0) when the event happens.
std::int64_t last_person(std::uint64_t event_id) {
  const std::uint64_t place = std::min(event_id % events_per_round, persons_per_round - 1);
  return static_cast<std::int64_t>(event_id / events_per_round * persons_per_round + place);
}
std::int64_t last_auction(std::uint64_t event_id) {
  const std::uint64_t place = event_id % events_per_round;
  const auto before = static_cast<std::int64_t>(event_id / events_per_round * auctions_per_round);
  if (place < persons_per_round) return before - 1;
  const std::uint64_t opened = std::min(place - persons_per_round, auctions_per_round - 1);
  return before + static_cast<std::int64_t>(opened);
}

std::int64_t some_person(JavaRandom& random, std::uint64_t event_id) {
  const std::int64_t known = last_person(event_id) + 1;
  const std::int64_t active = std::min(known, active_persons);
  return known - active + random.next_long(active + lead);
}
std::int64_t some_auction(JavaRandom& random, std::uint64_t event_id) {
  const std::int64_t newest = last_auction(event_id);
  const std::int64_t oldest = std::max(newest - auctions_in_flight, std::int64_t{0});
  return oldest + random.next_long(newest - oldest + 1 + lead);
}

std::int64_t seller_of(JavaRandom& random, std::uint64_t event_id) {
  if (random.next_int(hot_seller_ratio) == 0)
    return some_person(random, event_id) + first_person_id;
  return last_person(event_id) / hot_group * hot_group + first_person_id;
}
std::int64_t bidder_of(JavaRandom& random, std::uint64_t event_id) {
  if (random.next_int(hot_bidder_ratio) == 0)
    return some_person(random, event_id) + first_person_id;
  return last_person(event_id) / hot_group * hot_group + 1 + first_person_id;
}
std::int64_t auction_of(JavaRandom& random, std::uint64_t event_id) {
  if (random.next_int(hot_auction_ratio) == 0)
    return some_auction(random, event_id) + first_auction_id;
  return last_auction(event_id) / hot_group * hot_group + first_auction_id;
}

/// Cents: between 1 and a million dollars, even on a logarithmic scale.
std::int64_t price_of(JavaRandom& random) {
  return static_cast<std::int64_t>(
      std::floor(std::pow(10.0, random.next_double() * 6.0) * 100.0 + 0.5));
}

std::string words(JavaRandom& random, std::int32_t max) {
  TextBuffer text;
  text.append_words(random, max);
  return text.text();
}

std::string email_address(JavaRandom& random) {
  TextBuffer text;
  text.append_words(random, 7);
  text.append("@");
  text.append_words(random, 5);
  text.append(".com");
  return text.text();
}

std::string credit_card(JavaRandom& random) {
  std::string card = "0000 0000 0000 0000";
  for (std::size_t group = 0; group < 4; ++group) {
    std::int32_t number = random.next_int(10'000);
    for (std::size_t digit = 4; digit-- > 0; number /= 10) {
      card[group * 5 + digit] = static_cast<char>('0' + number % 10);
    }
  }
  return card;
}

/// Pads a record to its average size, give or take a fifth of what is missing.
std::string padding(JavaRandom& random, std::size_t current_bytes, std::size_t average_bytes) {
  if (current_bytes >= average_bytes) return {};
  const std::size_t missing = average_bytes - current_bytes;
  const std::size_t delta = (missing * 2 + 5) / 10;  // a fifth, rounded
  std::size_t length = missing - delta;
  if (delta > 0)
    length += static_cast<std::size_t>(random.next_int(static_cast<std::int32_t>(2 * delta)));
  TextBuffer text;
  text.append_noise(random, length);
  return text.text();
}

}  // namespace

weir::Result<void> check(const GeneratorOptions& options) {
  const auto need_one = [](std::string_view what) {
    return weir::Error{"the number of " + std::string(what) + " must be at least 1, not 0"};
  };
  if (options.rate == 0) return need_one("events per second");
  if (options.out_of_order == 0) return need_one("events per out-of-order group");
  if (options.generators == 0) return need_one("generators");
  if (options.stripes == 0) return need_one("stripes");
  if (options.out_of_order % shuffle_step == 0) {
    return weir::Error{"an out-of-order group must not be a multiple of 953 events, but is " +
                       std::to_string(options.out_of_order)};
  }
  return {};
}

Generator::Generator(const GeneratorOptions& options, std::uint64_t part)
    : base_(options.base),
      group_(options.out_of_order),
      stride_(options.stripes),
      channels_(&channels()) {
  WEIR_CHECK(check(options).ok(),
             "generator options must be checked first:", check(options).error().message);
  WEIR_CHECK(part < options.parts(), "there is no such part: part, parts", part, options.parts());

  const std::uint64_t generator = part / options.stripes;
  const std::uint64_t stripe = part % options.stripes;
  const std::uint64_t range = options.events / options.generators / group_ * group_;
  const std::uint64_t begin = generator * range;
  const std::uint64_t end = generator + 1 == options.generators ? options.events : begin + range;

  delay_us_ = (1'000'000 + options.rate / 2) / options.rate * options.generators;
  first_id_ = options.first_event_id + begin;
  first_number_ = options.first_event_number + stripe;
  size_ = end - begin > stripe ? (end - begin - stripe + stride_ - 1) / stride_ : 0;
}

std::uint64_t Generator::number_at(std::uint64_t position) const {
  return first_number_ + position * stride_;
}

weir::EventTime Generator::time_of(std::uint64_t number) const {
  return {base_.ms + static_cast<std::int64_t>(number * delay_us_ / 1000)};
}

weir::EventTime Generator::watermark() const {
  return time_of(number_at(position_) / group_ * group_);
}

Event Generator::at(std::uint64_t position) const {
  std::uint64_t number = number_at(position);
  if (group_ > 1) number = number / group_ * group_ + number * shuffle_step % group_;
  const std::uint64_t event_id = first_id_ + number;
  const std::uint64_t place = event_id % events_per_round;
  JavaRandom random(static_cast<std::int64_t>(event_id));
  Event event;
  if (place < persons_per_round) {
    event.person.emplace(person(random, event_id)).date_time = time_of(number);
  } else if (place < persons_per_round + auctions_per_round) {
    event.auction.emplace(auction(random, event_id, number));
  } else {
    event.bid.emplace(bid(random, event_id)).date_time = time_of(number);
  }
  return event;
}

Person Generator::person(JavaRandom& random, std::uint64_t event_id) const {
  Person person;
  person.id = last_person(event_id) + first_person_id;
  person.name = one_of(random, first_names);
  person.name += ' ';
  person.name += one_of(random, last_names);
  person.email_address = email_address(random);
  person.credit_card = credit_card(random);
  person.city = one_of(random, cities);
  person.state = one_of(random, states);
  const std::size_t current_bytes = 8 + person.name.size() + person.email_address.size() +
                                    person.credit_card.size() + person.city.size() +
                                    person.state.size();
  person.extra = padding(random, current_bytes, person_bytes);
  return person;
}

Auction Generator::auction(JavaRandom& random, std::uint64_t event_id, std::uint64_t number) const {
  Auction auction;
  auction.id = last_auction(event_id) + first_auction_id;
  auction.seller = seller_of(random, event_id);
  auction.category = first_category + random.next_int(categories);
  auction.initial_bid = price_of(random);

  // An auction stays open until about as many others as are to be in flight have opened.
  constexpr std::uint64_t events_open = auctions_in_flight * events_per_round / auctions_per_round;
  auction.date_time = time_of(number);
  const std::int64_t horizon_ms = time_of(number + events_open).ms - auction.date_time.ms;
  const std::int64_t open_ms = 1 + random.next_long(std::max(2 * horizon_ms, std::int64_t{1}));
  auction.expires = auction.date_time + weir::Duration(open_ms);

  auction.item_name = words(random, 20);
  auction.description = words(random, 100);
  auction.reserve = auction.initial_bid + price_of(random);
  const std::size_t current_bytes = 8 + auction.item_name.size() + auction.description.size() + 40;
  auction.extra = padding(random, current_bytes, auction_bytes);
  return auction;
}

Bid Generator::bid(JavaRandom& random, std::uint64_t event_id) const {
  Bid bid;
  bid.auction = auction_of(random, event_id);
  bid.bidder = bidder_of(random, event_id);
  bid.price = price_of(random);
  bid.extra = padding(random, 32, bid_bytes);

  // Drawn last, so that the draws before stay those of Beam, whose bids know no channels.
  const bool is_known = random.next_int(2) == 0;
  const std::vector<Channel>& choices = is_known ? channels_->known : channels_->numbered;
  const auto choice = random.next_int(static_cast<std::int32_t>(choices.size()));
  const Channel& channel = choices[static_cast<std::size_t>(choice)];
  bid.channel = channel.name;
  bid.url = channel.url;
  return bid;
}

}  // namespace nexmark
