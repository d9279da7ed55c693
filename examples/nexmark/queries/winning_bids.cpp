// Queries about the bids that win: q4, q6, q9. Until the input ends a better bid may come, so that
// the winners are a changing result, and so is all that is computed from them.
#include <string>
#include <tuple>
#include <utility>

#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {
namespace {

/// An auction with a bid, the best for now.
struct Winner {
  std::int64_t auction = 0;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  weir::EventTime expires;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  weir::EventTime bid_at;
};
WEIR_RECORD(Winner, auction, seller, category, expires, bidder, price, bid_at);

/// What matters of a bid here.
struct Offer {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  weir::EventTime at;
};
WEIR_RECORD(Offer, auction, bidder, price, at);

/// What matters of an auction.
struct Sale {
  std::int64_t seller = 0;
  std::int64_t category = 0;
  weir::EventTime begins;
  weir::EventTime expires;
};
WEIR_RECORD(Sale, seller, category, begins, expires);

/// The best of an auction's bids that came while it was open: the highest, then the earliest, then
/// that of the smallest bidder.
struct BestOffer {
  using Out = weir::Change<Winner>;

  weir::Value<Sale> sale;
  weir::Value<Winner> best;
  weir::List<Offer> waiting;  // for the auction

  void open(weir::KeyedState& state) {
    sale = state.value<Sale>("sale");
    best = state.value<Winner>("best");
    waiting = state.list<Offer>("waiting");
  }

  void on_first(const Offer& offer, auto& context) {
    if (sale)
      consider(offer, context);
    else
      waiting.add(offer);
  }

  void on_second(const Auction& auction, auto& context) {
    sale.set({auction.seller, auction.category, auction.date_time, auction.expires});
    waiting.for_each([&](const Offer& offer) { consider(offer, context); });
    waiting.clear();
  }

 private:
  void consider(const Offer& offer, auto& context) {
    if (offer.at < sale->begins || offer.at > sale->expires) return;
    if (best && !beats(offer, *best)) return;
    const Winner winner{offer.auction, sale->seller, sale->category, sale->expires,
                        offer.bidder,  offer.price,  offer.at};
    context.emit(best ? Out::update(*best, winner) : Out::insert(winner));
    best.set(winner);
  }

  static bool beats(const Offer& offer, const Winner& best) {
    return std::tuple(-offer.price, offer.at, offer.bidder) <
           std::tuple(-best.price, best.bid_at, best.bidder);
  }
};

weir::Stream<weir::Change<Winner>> winners(const Site& site) {
  const auto offers = site.bids().map([](const Bid& bid) {
    return Offer{bid.auction, bid.bidder, bid.price, bid.date_time};
  });
  return offers.key_by(&Offer::auction)
      .connect(site.auctions().key_by(&Auction::id))
      .process("winners", BestOffer{});
}

struct PriceSum {
  std::int64_t sum = 0;
  std::int64_t count = 0;
};
WEIR_RECORD(PriceSum, sum, count);

/// The mean of winning prices: what a winner added is taken back when another takes its place.
struct MeanPrice {
  using Out = CategoryAverage;

  weir::Value<PriceSum> prices;

  void open(weir::KeyedState& state) { prices = state.value<PriceSum>("prices"); }

  void process(const weir::Change<Winner>& change, auto& context) {
    PriceSum& all = prices.edit();
    if (change.before) {
      all.sum -= change.before->price;
      --all.count;
    }
    if (change.after) {
      all.sum += change.after->price;
      ++all.count;
    }
    if (all.count > 0) context.emit({context.key(), all.sum / all.count});
  }
};

/// The mean price of a seller's ten auctions that end last. No more are kept: auctions never go away,
/// so that one that is not among the ten will not be again.
struct LastTen {
  using Out = SellerAverage;

  weir::Map<std::pair<weir::EventTime, std::int64_t>, std::int64_t> prices;  // by end and auction

  void open(weir::KeyedState& state) {
    prices = state.map<std::pair<weir::EventTime, std::int64_t>, std::int64_t>("prices");
  }

  void process(const weir::Change<Winner>& change, auto& context) {
    const Winner& winner = change.row();
    prices.put({winner.expires, winner.auction}, winner.price);
    if (prices.size() > 10) prices.erase(first());

    std::int64_t sum = 0;
    prices.for_each([&](const auto&, std::int64_t price) { sum += price; });
    context.emit({context.key(), sum / static_cast<std::int64_t>(prices.size())});
  }

 private:
  std::pair<weir::EventTime, std::int64_t> first() const {
    std::pair<weir::EventTime, std::int64_t> least;
    prices.for_each_from({weir::EventTime::min(), 0}, [&](const auto& place, std::int64_t) {
      least = place;
      return false;
    });
    return least;
  }
};

}  // namespace

/// The average of the winning prices in each category.
void q4(const Site& site, const Output& output) {
  const auto averages =
      winners(site)
          .key_by([](const weir::Change<Winner>& change) { return change.row().category; })
          .process("averages", MeanPrice{});
  output.update(averages, &CategoryAverage::category);
}

/// The average of what each seller's last ten auctions fetched.
void q6(const Site& site, const Output& output) {
  const auto averages =
      winners(site)
          .key_by([](const weir::Change<Winner>& change) { return change.row().seller; })
          .process("averages", LastTen{});
  output.update(averages, &SellerAverage::seller);
}

/// The winning bid of each auction.
void q9(const Site& site, const Output& output) {
  const auto rows = winners(site).map([](const weir::Change<Winner>& change) {
    const Winner& winner = change.row();
    return WinningBid{winner.auction, winner.seller, winner.category,
                      winner.bidder,  winner.price,  winner.bid_at.ms};
  });
  output.update(rows, &WinningBid::id);
}

}  // namespace nexmark
