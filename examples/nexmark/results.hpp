// The rows that Nexmark's queries give, with the benchmark's column names. Times are integer
// milliseconds, prices cents unless a field says otherwise. Rows compare field by field, so that
// results can be sorted and compared whatever order they came in.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <weir/record/record.hpp>

namespace nexmark {

/// q0: every bid. q10 writes the same rows, q18 the last one per bidder and auction.
struct PlainBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time = 0;
  std::string extra;
  friend auto operator<=>(const PlainBid&, const PlainBid&) = default;
};
WEIR_RECORD(PlainBid, auction, bidder, price, date_time, extra);

/// q1: the price in another currency, as a decimal number with exactly three decimals.
struct ConvertedBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::string price;
  std::int64_t date_time = 0;
  std::string extra;
  friend auto operator<=>(const ConvertedBid&, const ConvertedBid&) = default;
};
WEIR_RECORD(ConvertedBid, auction, bidder, price, date_time, extra);

/// q2
struct AuctionPrice {
  std::int64_t auction = 0;
  std::int64_t price = 0;
  friend auto operator<=>(const AuctionPrice&, const AuctionPrice&) = default;
};
WEIR_RECORD(AuctionPrice, auction, price);

/// q3: an auction (id) and where its seller lives.
struct LocalItem {
  std::string name;
  std::string city;
  std::string state;
  std::int64_t id = 0;
  friend auto operator<=>(const LocalItem&, const LocalItem&) = default;
};
WEIR_RECORD(LocalItem, name, city, state, id);

/// q4
struct CategoryAverage {
  std::int64_t category = 0;
  std::int64_t average = 0;
  friend auto operator<=>(const CategoryAverage&, const CategoryAverage&) = default;
};
WEIR_RECORD(CategoryAverage, category, average);

/// q5: an auction with the most bids of a window.
struct HotItem {
  std::int64_t window_start = 0;
  std::int64_t auction = 0;
  std::int64_t num = 0;
  friend auto operator<=>(const HotItem&, const HotItem&) = default;
};
WEIR_RECORD(HotItem, window_start, auction, num);

/// q6
struct SellerAverage {
  std::int64_t seller = 0;
  std::int64_t average = 0;
  friend auto operator<=>(const SellerAverage&, const SellerAverage&) = default;
};
WEIR_RECORD(SellerAverage, seller, average);

/// q7
struct HighestBid {
  std::int64_t window_start = 0;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time = 0;
  friend auto operator<=>(const HighestBid&, const HighestBid&) = default;
};
WEIR_RECORD(HighestBid, window_start, auction, bidder, price, date_time);

/// q8: a person who signed up and sold in the same window.
struct NewSeller {
  std::int64_t id = 0;
  std::string name;
  std::int64_t window_start = 0;
  friend auto operator<=>(const NewSeller&, const NewSeller&) = default;
};
WEIR_RECORD(NewSeller, id, name, window_start);

/// q9: an auction (id) and the bid that wins it.
struct WinningBid {
  std::int64_t id = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t bid_date_time = 0;
  friend auto operator<=>(const WinningBid&, const WinningBid&) = default;
};
WEIR_RECORD(WinningBid, id, seller, category, bidder, price, bid_date_time);

/// q11
struct BidderSession {
  std::int64_t bidder = 0;
  std::int64_t bid_count = 0;
  std::int64_t window_start = 0;
  std::int64_t window_end = 0;
  friend auto operator<=>(const BidderSession&, const BidderSession&) = default;
};
WEIR_RECORD(BidderSession, bidder, bid_count, window_start, window_end);

/// q13: a bid and what a side table holds for its auction.
struct AnnotatedBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time = 0;
  std::string value;
  friend auto operator<=>(const AnnotatedBid&, const AnnotatedBid&) = default;
};
WEIR_RECORD(AnnotatedBid, auction, bidder, price, date_time, value);

/// q14: the price as in q1.
struct ClassifiedBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::string price;
  std::string bid_time_type;
  std::int64_t date_time = 0;
  std::string extra;
  std::int64_t c_counts = 0;
  friend auto operator<=>(const ClassifiedBid&, const ClassifiedBid&) = default;
};
WEIR_RECORD(ClassifiedBid, auction, bidder, price, bid_time_type, date_time, extra, c_counts);

/// q15: rank 1 is below 10 000 cents, rank 2 below 1 000 000, rank 3 the rest; bidders and auctions
/// count once each.
struct DayStatistics {
  std::string day;
  std::int64_t total_bids = 0;
  std::int64_t rank1_bids = 0;
  std::int64_t rank2_bids = 0;
  std::int64_t rank3_bids = 0;
  std::int64_t total_bidders = 0;
  std::int64_t rank1_bidders = 0;
  std::int64_t rank2_bidders = 0;
  std::int64_t rank3_bidders = 0;
  std::int64_t total_auctions = 0;
  std::int64_t rank1_auctions = 0;
  std::int64_t rank2_auctions = 0;
  std::int64_t rank3_auctions = 0;
  friend auto operator<=>(const DayStatistics&, const DayStatistics&) = default;
};
WEIR_RECORD(DayStatistics, day, total_bids, rank1_bids, rank2_bids, rank3_bids, total_bidders,
            rank1_bidders, rank2_bidders, rank3_bidders, total_auctions, rank1_auctions,
            rank2_auctions, rank3_auctions);

/// q16: q15 per channel; the minute is that of the latest bid.
struct ChannelStatistics {
  std::string channel;
  std::string day;
  std::string minute;
  std::int64_t total_bids = 0;
  std::int64_t rank1_bids = 0;
  std::int64_t rank2_bids = 0;
  std::int64_t rank3_bids = 0;
  std::int64_t total_bidders = 0;
  std::int64_t rank1_bidders = 0;
  std::int64_t rank2_bidders = 0;
  std::int64_t rank3_bidders = 0;
  std::int64_t total_auctions = 0;
  std::int64_t rank1_auctions = 0;
  std::int64_t rank2_auctions = 0;
  std::int64_t rank3_auctions = 0;
  friend auto operator<=>(const ChannelStatistics&, const ChannelStatistics&) = default;
};
WEIR_RECORD(ChannelStatistics, channel, day, minute, total_bids, rank1_bids, rank2_bids, rank3_bids,
            total_bidders, rank1_bidders, rank2_bidders, rank3_bidders, total_auctions,
            rank1_auctions, rank2_auctions, rank3_auctions);

/// q17
struct AuctionStatistics {
  std::int64_t auction = 0;
  std::string day;
  std::int64_t total_bids = 0;
  std::int64_t rank1_bids = 0;
  std::int64_t rank2_bids = 0;
  std::int64_t rank3_bids = 0;
  std::int64_t min_price = 0;
  std::int64_t max_price = 0;
  std::int64_t avg_price = 0;
  std::int64_t sum_price = 0;
  friend auto operator<=>(const AuctionStatistics&, const AuctionStatistics&) = default;
};
WEIR_RECORD(AuctionStatistics, auction, day, total_bids, rank1_bids, rank2_bids, rank3_bids,
            min_price, max_price, avg_price, sum_price);

/// q19: rank counts from 1.
struct RankedBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time = 0;
  std::int64_t rank = 0;
  friend auto operator<=>(const RankedBid&, const RankedBid&) = default;
};
WEIR_RECORD(RankedBid, auction, bidder, price, date_time, rank);

/// q20: a bid and the auction that it is for.
struct ItemBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::int64_t date_time = 0;
  std::string item_name;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  friend auto operator<=>(const ItemBid&, const ItemBid&) = default;
};
WEIR_RECORD(ItemBid, auction, bidder, price, date_time, item_name, seller, category);

/// q21
struct ChannelBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::string channel;
  std::string channel_id;
  friend auto operator<=>(const ChannelBid&, const ChannelBid&) = default;
};
WEIR_RECORD(ChannelBid, auction, bidder, price, channel, channel_id);

/// q22
struct UrlBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  std::string channel;
  std::string dir1;
  std::string dir2;
  std::string dir3;
  friend auto operator<=>(const UrlBid&, const UrlBid&) = default;
};
WEIR_RECORD(UrlBid, auction, bidder, price, channel, dir1, dir2, dir3);

/// q23: somebody who bids on one auction (bid_auction) and sells another (auction).
struct TradingBidder {
  std::int64_t bid_auction = 0;
  std::int64_t bidder = 0;
  std::string name;
  std::int64_t price = 0;
  std::int64_t auction = 0;
  friend auto operator<=>(const TradingBidder&, const TradingBidder&) = default;
};
WEIR_RECORD(TradingBidder, bid_auction, bidder, name, price, auction);

}  // namespace nexmark
