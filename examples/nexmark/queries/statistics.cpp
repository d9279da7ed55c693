// Queries that count the bids of a day: q15, q16, q17.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "../calendar.hpp"
#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {
namespace {

/// What is counted: who bids on what, at which price, when.
struct Offer {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  weir::EventTime at;
  std::string channel;
};
WEIR_RECORD(Offer, auction, bidder, price, at, channel);

Offer offer_of(Bid bid) {
  return {bid.auction, bid.bidder, bid.price, bid.date_time, std::move(bid.channel)};
}

/// 1 for the cheap, 3 for the dear.
constexpr unsigned rank_of(std::int64_t price) {
  return price < 10'000 ? 1 : price < 1'000'000 ? 2 : 3;
}

/// Bit 0 stands for any rank, bit r for rank r.
using Ranks = std::uint32_t;

/// Ids that were seen, each with the ranks at which it was.
using SeenIds = weir::Map<std::int64_t, Ranks>;

/// Those of `ranks` at which the id was not seen before.
Ranks mark(SeenIds& seen, std::int64_t id, Ranks ranks) {
  const Ranks* before = seen.find(id);
  const Ranks added = ranks & ~(before != nullptr ? *before : 0);
  if (added != 0) seen.edit(id) |= added;
  return added;
}

/// The columns of a row for any rank and for ranks 1, 2 and 3.
template <class Row>
using Columns = std::array<std::int64_t Row::*, 4>;

template <class Row>
void count(Row& row, const Columns<Row>& columns, Ranks ranks) {
  for (std::size_t i = 0; i < columns.size(); ++i) row.*columns[i] += ranks >> i & 1;
}

/// Bids, distinct bidders and distinct auctions of a key, by rank of the price. Every bid makes the
/// key's row anew.
template <class Row>
struct DayCounts {
  using Out = Row;

  weir::Value<Row> counts;
  SeenIds bidders;
  SeenIds auctions;

  void open(weir::KeyedState& state) {
    counts = state.value<Row>("counts");
    bidders = state.map<std::int64_t, Ranks>("bidders");
    auctions = state.map<std::int64_t, Ranks>("auctions");
  }

  void process(const Offer& offer, auto& context) {
    const Ranks ranks = 1U | 1U << rank_of(offer.price);
    const Ranks bidder_ranks = mark(bidders, offer.bidder, ranks);
    const Ranks auction_ranks = mark(auctions, offer.auction, ranks);
    Row& row = counts.edit();
    label(row, offer);
    count<Row>(row, {&Row::total_bids, &Row::rank1_bids, &Row::rank2_bids, &Row::rank3_bids},
               ranks);
    count<Row>(row,
               {&Row::total_bidders, &Row::rank1_bidders, &Row::rank2_bidders, &Row::rank3_bidders},
               bidder_ranks);
    count<Row>(
        row,
        {&Row::total_auctions, &Row::rank1_auctions, &Row::rank2_auctions, &Row::rank3_auctions},
        auction_ranks);
    context.emit(row);
  }

 private:
  static void label(DayStatistics& row, const Offer& offer) {
    if (row.total_bids == 0) row.day = weir::utc_text(offer.at, "%Y-%m-%d");
  }
  static void label(ChannelStatistics& row, const Offer& offer) {
    if (row.total_bids == 0) {
      row.channel = offer.channel;
      row.day = weir::utc_text(offer.at, "%Y-%m-%d");
    }
    row.minute = std::max(row.minute, weir::utc_text(offer.at, "%H:%M"));
  }
};

/// A day's bids on one auction, as an aggregate: its accumulator is the row.
struct AuctionDay {
  using Accumulator = AuctionStatistics;
  using Result = AuctionStatistics;

  Accumulator create() const { return {}; }
  void add(Accumulator& row, const Offer& offer) const {
    const bool first = row.total_bids == 0;
    if (first) {
      row.auction = offer.auction;
      row.day = weir::utc_text(offer.at, "%Y-%m-%d");
    }
    count<Accumulator>(row,
                       {&Accumulator::total_bids, &Accumulator::rank1_bids,
                        &Accumulator::rank2_bids, &Accumulator::rank3_bids},
                       1U | 1U << rank_of(offer.price));
    row.min_price = first ? offer.price : std::min(row.min_price, offer.price);
    row.max_price = std::max(row.max_price, offer.price);
    row.sum_price += offer.price;
  }
  void merge(Accumulator& row, const Accumulator& other) const {
    if (other.total_bids == 0) return;
    if (row.total_bids == 0) {
      row = other;
      return;
    }
    row.total_bids += other.total_bids;
    row.rank1_bids += other.rank1_bids;
    row.rank2_bids += other.rank2_bids;
    row.rank3_bids += other.rank3_bids;
    row.min_price = std::min(row.min_price, other.min_price);
    row.max_price = std::max(row.max_price, other.max_price);
    row.sum_price += other.sum_price;
  }
  Result result(const Accumulator& row) const {
    Result result = row;
    result.avg_price = row.total_bids == 0 ? 0 : row.sum_price / row.total_bids;
    return result;
  }
};

}  // namespace

/// How many bids, bidders and auctions a day has.
void q15(const Site& site, const Output& output) {
  const auto rows = site.bids()
                        .map(offer_of)
                        .key_by([](const Offer& offer) { return day_number(offer.at); })
                        .process("days", DayCounts<DayStatistics>{});
  output.update(rows, &DayStatistics::day);
}

/// The same for each channel, with the minute of the latest bid.
void q16(const Site& site, const Output& output) {
  const auto channel_and_day = [](const Offer& offer) {
    return std::pair(offer.channel, day_number(offer.at));
  };
  const auto rows = site.bids()
                        .map(offer_of)
                        .key_by(channel_and_day)
                        .process("channels", DayCounts<ChannelStatistics>{});
  output.update(rows, [](const ChannelStatistics& row) { return std::pair(row.channel, row.day); });
}

/// A day's bids on each auction, and their prices.
void q17(const Site& site, const Output& output) {
  const auto auction_and_day = [](const Offer& offer) {
    return std::pair(offer.auction, day_number(offer.at));
  };
  const auto rows = site.bids()
                        .map(offer_of)
                        .key_by(auction_and_day)
                        .aggregate("auctions", AuctionDay{})
                        .map([](auto row) { return std::move(row.value); });
  output.update(rows, [](const AuctionStatistics& row) { return std::pair(row.auction, row.day); });
}

}  // namespace nexmark
