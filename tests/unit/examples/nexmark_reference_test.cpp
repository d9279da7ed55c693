// The reference judges pipelines; these cases, small enough to work out by hand, judge the
// reference.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/nexmark/reference.hpp"

using namespace nexmark;
using nexmark::reference::Events;
using nexmark::reference::header;
using nexmark::reference::sorted_lines;

namespace {

Event bid(std::int64_t auction, std::int64_t bidder, std::int64_t price, std::int64_t at_ms) {
  Event event;
  event.bid = Bid{auction, bidder, price, "channel-7", "https://a/b/c/d/e", {at_ms}, "x"};
  return event;
}

Event auction(std::int64_t id, std::int64_t seller, std::int64_t from_ms, std::int64_t to_ms) {
  Event event;
  event.auction.emplace();
  event.auction->id = id;
  event.auction->seller = seller;
  event.auction->category = 10;
  event.auction->date_time = {from_ms};
  event.auction->expires = {to_ms};
  return event;
}

}  // namespace

TEST_CASE("a converted price has exactly three decimals") {
  const Events events = {bid(1, 1, 32'530'001, 0), bid(1, 1, 1'000, 0), bid(1, 1, 5, 0)};
  const auto rows = reference::q1(events);
  CHECK(rows[0].price == "29537240.908");
  CHECK(rows[1].price == "908.000");
  CHECK(rows[2].price == "4.540");
}

TEST_CASE("a bid belongs to five sliding windows and ties are kept") {
  const auto rows =
      reference::q5({bid(1, 1, 5, 20'000), bid(2, 1, 5, 20'000), bid(2, 1, 5, 29'999)});
  CHECK(sorted_lines(rows) ==
        std::vector<std::string>{"12000,1,1", "12000,2,1", "14000,1,1", "14000,2,1", "16000,1,1",
                                 "16000,2,1", "18000,1,1", "18000,2,1", "20000,2,2", "22000,2,1",
                                 "24000,2,1", "26000,2,1", "28000,2,1"});
}

TEST_CASE("the highest bid may be one at the window's end") {
  const auto rows =
      reference::q7({bid(1, 1, 50, 3'000), bid(2, 1, 50, 10'000), bid(3, 1, 50, 10'001)});
  CHECK(sorted_lines(rows) == std::vector<std::string>{"0,1,1,50,3000", "0,2,1,50,10000",
                                                       "10000,2,1,50,10000", "10000,3,1,50,10001"});
}

TEST_CASE("sessions that touch are one") {
  const auto rows = reference::q11(
      {bid(1, 7, 5, 20'000), bid(1, 7, 5, 0), bid(1, 7, 5, 10'000), bid(1, 7, 5, 30'001)});
  CHECK(sorted_lines(rows) == std::vector<std::string>{"7,1,30001,40001", "7,3,0,30000"});
}

TEST_CASE("only bids while the auction is open can win") {
  const Events events = {auction(1, 9, 100, 200), bid(1, 5, 80, 99),  bid(1, 6, 50, 100),
                         bid(1, 7, 60, 200),      bid(1, 5, 60, 200), bid(1, 4, 90, 201),
                         bid(2, 4, 90, 150)};
  CHECK(sorted_lines(reference::q9(events)) == std::vector<std::string>{"1,9,10,5,60,200"});
  CHECK(sorted_lines(reference::q4(events)) == std::vector<std::string>{"10,60"});
}

TEST_CASE("a seller's average is of the ten auctions that end last") {
  Events events;
  for (std::int64_t id = 1; id <= 12; ++id) {
    events.push_back(auction(id, 9, 0, 100 + id));
    events.push_back(bid(id, 1, id * 10, 50));
  }
  // Auctions 3 … 12: 30 + … + 120 = 750.
  CHECK(sorted_lines(reference::q6(events)) == std::vector<std::string>{"9,75"});
}

TEST_CASE("files by minute, side table, channel ids and url parts") {
  const Events events = {bid(10'001, 1, 5, 59'999), bid(2, 1, 5, 60'000)};
  const auto files = reference::q10(events);
  REQUIRE(files.size() == 2);
  CHECK(files.begin()->first == std::pair<std::string, std::string>("1970-01-01", "00:00"));
  CHECK(files.begin()->second.size() == 1);

  CHECK(sorted_lines(reference::q13(events, {{1, "one"}, {3, "three"}})) ==
        std::vector<std::string>{"10001,1,5,59999,one"});

  CHECK(sorted_lines(reference::q22({bid(1, 1, 5, 0)})) ==
        std::vector<std::string>{"1,1,5,channel-7,b,c,d"});

  Events channels = {bid(1, 1, 5, 0), bid(2, 1, 5, 0), bid(3, 1, 5, 0)};
  channels[0].bid->channel = "APPLE";
  channels[1].bid->url = "https://a/b/c/d/item.htm?query=1&channel_id=77&more=1";
  CHECK(sorted_lines(reference::q21(channels)) ==
        std::vector<std::string>{"1,1,5,APPLE,0", "2,1,5,channel-7,77"});
}

TEST_CASE("columns are named as the benchmark names them") {
  CHECK(header<PlainBid>() == "auction,bidder,price,date_time,extra");
  CHECK(header<WinningBid>() == "id,seller,category,bidder,price,bid_date_time");
  CHECK(header<BidderSession>() == "bidder,bid_count,window_start,window_end");
  CHECK(header<AuctionStatistics>() ==
        "auction,day,total_bids,rank1_bids,rank2_bids,rank3_bids,min_price,max_price,avg_price,sum_"
        "price");
  CHECK(header<TradingBidder>() == "bid_auction,bidder,name,price,auction");
}
