#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "examples/nexmark/event_json.hpp"
#include "examples/nexmark/generator.hpp"
#include "support/nexmark/reference.hpp"

using namespace nexmark;
using nexmark::reference::Events;
using nexmark::reference::sorted_lines;

namespace {

Events all_events(const GeneratorOptions& options) {
  Events events;
  for (std::uint64_t part = 0; part < options.parts(); ++part) {
    for (Generator generator(options, part); !generator.done();) events.push_back(generator.next());
  }
  return events;
}

Events sorted(Events events) {
  std::sort(events.begin(), events.end());
  return events;
}

template <class Row, class Number>
std::int64_t sum(const std::vector<Row>& rows, Number Row::*column) {
  std::int64_t total = 0;
  for (const Row& row : rows) total += row.*column;
  return total;
}

}  // namespace

TEST_CASE("java's random numbers are drawn as java draws them") {
  JavaRandom numbers(42);
  CHECK(numbers.next_int() == -1170105035);
  CHECK(numbers.next_int() == 234785527);
  JavaRandom bounded(42);
  CHECK(bounded.next_int(10) == 0);
  CHECK(bounded.next_int(10) == 3);
  JavaRandom halves(0);
  CHECK(halves.next_int(16) == 11);
  JavaRandom fractions(42);
  CHECK(fractions.next_double() == doctest::Approx(0.7275636800328681).epsilon(1e-15));
}

TEST_CASE("the first events are the published ones") {
  Generator generator(GeneratorOptions{.events = 5'000});

  const Event person = generator.next();
  REQUIRE(person.person);
  CHECK(person.person->id == 1000);
  CHECK(person.person->name == "Peter Jones");
  CHECK(person.person->city == "Portland");
  CHECK(person.person->state == "WY");
  CHECK(person.date_time().ms == 1'436'918'400'000);

  const Event auction = generator.next();
  REQUIRE(auction.auction);
  CHECK(auction.auction->id == 1000);
  CHECK(auction.auction->category == 13);
  CHECK(auction.auction->initial_bid == 28'873);
  CHECK(auction.auction->reserve == 29'448);

  const Event bid = generator.at(4);
  REQUIRE(bid.bid);
  CHECK(bid.bid->auction == 1000);
  CHECK(bid.bid->bidder == 1001);
  CHECK(bid.bid->price == 32'530'001);
}

TEST_CASE("every query gives its known answer, whatever the order of arrival") {
  for (const std::uint64_t out_of_order : {1, 50}) {
    for (const std::uint64_t stripes : {1, 3}) {
      CAPTURE(out_of_order);
      CAPTURE(stripes);
      const Events events =
          all_events({.events = 5'000, .out_of_order = out_of_order, .stripes = stripes});
      REQUIRE(events.size() == 5'000);
      const auto holds = [&](auto member) {
        return std::count_if(events.begin(), events.end(),
                             [&](const Event& e) { return (e.*member).has_value(); });
      };
      CHECK(holds(&Event::person) == 100);
      CHECK(holds(&Event::auction) == 300);

      using namespace nexmark::reference;
      const auto bids = q0(events);
      CHECK(bids.size() == 4'600);
      CHECK(sum(bids, &PlainBid::price) == 34'185'930'072);

      CHECK(q1(events).size() == 4'600);

      const auto prices = q2(events);
      CHECK(prices.size() == 6);
      CHECK(sum(prices, &AuctionPrice::price) == 8'466'641);

      const auto items = q3(events);
      CHECK(items.size() == 4);
      CHECK(sum(items, &LocalItem::id) == 5'110);

      CHECK(sorted_lines(q4(events)) == std::vector<std::string>{"10,29583180", "11,25249377",
                                                                 "12,30129694", "13,30404517",
                                                                 "14,36254995"});
      CHECK(q5(events).size() == 10);
      CHECK(q7(events).size() == 1);
      CHECK(q8(events).size() == 46);

      const auto winners = q9(events);
      CHECK(winners.size() == 120);
      CHECK(sum(winners, &WinningBid::price) == 3'660'661'917);

      CHECK(q11(events).size() == 100);

      const auto classified = q14(events);
      CHECK(classified.size() == 1'313);
      CHECK(sum(classified, &ClassifiedBid::c_counts) == 1'682);

      CHECK(
          sorted_lines(q15(events)) ==
          std::vector<std::string>{"2015-07-15,4600,1517,1533,1550,100,87,85,86,156,117,129,123"});
      CHECK(q17(events).size() == 156);
      CHECK(q18(events).size() == 542);
      CHECK(q19(events).size() == 846);

      const auto item_bids = q20(events);
      CHECK(item_bids.size() == 174);
      CHECK(sum(item_bids, &ItemBid::price) == 1'490'760'967);

      CHECK(q22(events).size() == 4'600);
      CHECK(q23(events).size() == 6'223);
    }
  }
}

TEST_CASE("events out of order are the same events") {
  const Events in_order = all_events({.events = 5'000});
  for (const std::uint64_t group : {10, 50, 1'000}) {
    CAPTURE(group);
    const Events shuffled = all_events({.events = 5'000, .out_of_order = group});
    CHECK(shuffled != in_order);
    CHECK(sorted(shuffled) == sorted(in_order));
  }
}

TEST_CASE("the last group may be incomplete: its ids then have gaps, but none comes twice") {
  std::set<std::int64_t> ids;
  std::int64_t count = 0;
  for (const Event& event : all_events({.events = 1'025, .out_of_order = 100})) {
    if (!event.auction) continue;
    ids.insert(event.auction->id);
    ++count;
  }
  CHECK(std::ssize(ids) == count);
  CHECK(*ids.rbegin() >=
        1'000 + 60);  // the auctions of 1 000 events; the next are some of the group's six
}

TEST_CASE("the watermark never passes an event that is still to come") {
  for (const std::uint64_t group : {1, 50, 333}) {
    for (const std::uint64_t stripes : {1, 7}) {
      const GeneratorOptions options{
          .events = 5'000, .rate = 300, .out_of_order = group, .stripes = stripes};
      for (std::uint64_t part = 0; part < options.parts(); ++part) {
        Generator generator(options, part);
        weir::EventTime watermark = weir::EventTime::min();
        bool late = false;
        bool goes_back = false;
        while (!generator.done()) {
          goes_back |= generator.watermark() < watermark;
          watermark = generator.watermark();
          late |= generator.next().date_time() < watermark;
        }
        CHECK_FALSE(late);
        CHECK_FALSE(goes_back);
        CHECK(watermark > options.base + std::chrono::seconds(14));
      }
    }
  }
}

TEST_CASE("stripes deal out the events of one stream") {
  const Events whole = all_events({.events = 1'001, .out_of_order = 10});
  const GeneratorOptions options{.events = 1'001, .out_of_order = 10, .stripes = 3};
  CHECK(Generator(options, 0).size() == 334);
  CHECK(Generator(options, 1).size() == 334);
  CHECK(Generator(options, 2).size() == 333);
  for (std::uint64_t i = 0; i < whole.size(); ++i) {
    REQUIRE(Generator(options, i % 3).at(i / 3) == whole[i]);
  }
}

TEST_CASE("more stripes than events leave some without any") {
  const GeneratorOptions options{.events = 2, .stripes = 5};
  CHECK(all_events(options) == all_events({.events = 2}));
  CHECK(Generator(options, 4).done());
}

TEST_CASE("generators on parallel timelines give the same ids and draws") {
  const Events one = all_events({.events = 5'000});
  for (const std::uint64_t group : {1, 50}) {
    for (const std::uint64_t generators : {2, 3, 7}) {
      CAPTURE(group);
      CAPTURE(generators);
      const GeneratorOptions options{
          .events = 5'000, .out_of_order = group, .generators = generators};
      const Events several = all_events(options);
      REQUIRE(several.size() == one.size());
      CHECK(Generator(options, generators - 1).at(0).date_time() == options.base);

      using namespace nexmark::reference;  // results that hold no times
      CHECK(sorted_lines(q2(several)) == sorted_lines(q2(one)));
      CHECK(sorted_lines(q3(several)) == sorted_lines(q3(one)));
      CHECK(sorted_lines(q17(several)) == sorted_lines(q17(one)));
      CHECK(sorted_lines(q22(several)) == sorted_lines(q22(one)));
      CHECK(sorted_lines(q23(several)) == sorted_lines(q23(one)));
    }
  }
}

TEST_CASE("a generator that seeks goes on as if it had never stopped") {
  const GeneratorOptions options{
      .events = 2'000, .rate = 1'000, .out_of_order = 50, .generators = 2, .stripes = 2};
  for (std::uint64_t part = 0; part < options.parts(); ++part) {
    Events straight;
    for (Generator generator(options, part); !generator.done();)
      straight.push_back(generator.next());
    for (const std::uint64_t position : {0, 1, 49, 50, 333, 499, 500}) {
      Generator resumed(options, part);
      resumed.next();
      resumed.seek(position);
      CHECK(resumed.position() == position);
      Events rest;
      while (!resumed.done()) rest.push_back(resumed.next());
      CHECK(resumed.position() == resumed.size());
      CHECK(rest ==
            Events(straight.begin() + static_cast<std::ptrdiff_t>(position), straight.end()));
    }
  }
}

TEST_CASE("records have about their average size") {
  const Events events = all_events({.events = 20'000});
  double person_bytes = 0;
  double auction_bytes = 0;
  double bid_bytes = 0;
  for (const Event& event : events) {
    if (event.person) {
      const Person& p = *event.person;
      person_bytes +=
          static_cast<double>(8 + p.name.size() + p.email_address.size() + p.credit_card.size() +
                              p.city.size() + p.state.size() + p.extra.size());
    } else if (event.auction) {
      const Auction& a = *event.auction;
      auction_bytes +=
          static_cast<double>(48 + a.item_name.size() + a.description.size() + a.extra.size());
    } else {
      bid_bytes += static_cast<double>(32 + event.bid->extra.size());
    }
  }
  CHECK(person_bytes / 400 == doctest::Approx(200).epsilon(0.02));
  CHECK(auction_bytes / 1'200 == doctest::Approx(500).epsilon(0.02));
  CHECK(bid_bytes / 18'400 == doctest::Approx(100).epsilon(0.02));
}

TEST_CASE("a channel has one url, nine of ten with its id in it") {
  const Channels& all = channels();
  REQUIRE(all.known.size() == 4);
  REQUIRE(all.numbered.size() == 10'000);
  CHECK(all.known[0].name == "Google");
  CHECK(all.known[3].name == "Apple");
  CHECK(all.known[0].url != all.known[1].url);
  std::size_t with_id = 0;
  for (const Channel& channel : all.numbered) {
    CHECK(channel.url.starts_with("https://www.nexmark.com/"));
    CHECK(std::count(channel.url.begin(), channel.url.end(), '/') == 6);
    CHECK(channel.url.find(' ') == std::string::npos);
    if (channel.url.find("/item.htm?query=1&channel_id=") != std::string::npos) ++with_id;
  }
  CHECK(with_id > 8'800);
  CHECK(with_id < 9'200);
  CHECK(all.numbered[3].name == "channel-3");
  // 3 reversed is 0xC0000000, as a signed number -2^30.
  CHECK(all.numbered[3].url.ends_with("&channel_id=1073741824"));
}

TEST_CASE("options that make no sense are refused with what would") {
  CHECK(check(GeneratorOptions{}).ok());
  CHECK(check({.rate = 0}).error().message ==
        "the number of events per second must be at least 1, not 0");
  CHECK_FALSE(check({.out_of_order = 0}).ok());
  CHECK_FALSE(check({.generators = 0}).ok());
  CHECK_FALSE(check({.stripes = 0}).ok());
  CHECK(check({.out_of_order = 1906}).error().message ==
        "an out-of-order group must not be a multiple of 953 events, but is 1906");
  CHECK_THROWS_AS(Generator({.stripes = 2}, 2), weir::Bug);
}

TEST_CASE("an event is written as one line of json") {
  Event event;
  event.bid = Bid{1, 2, 3, "say \"hi\"", "a\\b", {1'436'918'400'000}, "tab\there"};
  CHECK(to_json(event) ==
        R"({"type":"bid","auction":1,"bidder":2,"price":3,"channel":"say \"hi\"","url":"a\\b",)"
        R"("date_time":1436918400000,"extra":"tab\u0009here"})");
  Event sale;
  sale.auction.emplace().id = 7;
  sale.auction->expires = {20};
  CHECK(to_json(sale) ==
        R"({"type":"auction","id":7,"item_name":"","description":"","initial_bid":0,"reserve":0,)"
        R"("date_time":0,"expires":20,"seller":0,"category":0,"extra":""})");
  Event person;
  person.person.emplace().id = 9;
  CHECK(to_json(person).starts_with(R"({"type":"person","id":9,"name":"","email_address":"")"));
}
