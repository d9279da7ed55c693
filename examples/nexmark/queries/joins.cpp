// Queries that bring two streams or three together, whatever the time between their records: q3, q20,
// q23. Whichever comes first waits in the state of its key.
#include <optional>
#include <string>
#include <utility>

#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {
namespace {

/// A seller, and the auctions that were there first.
struct JoinSeller {
  using Out = LocalItem;

  weir::Value<LocalItem> seller;  // without an id
  weir::List<std::int64_t> waiting;

  void open(weir::KeyedState& state) {
    seller = state.value<LocalItem>("seller");
    waiting = state.list<std::int64_t>("waiting");
  }

  void on_first(const Person& person, auto& context) {
    seller.set({person.name, person.city, person.state, 0});
    waiting.for_each([&](std::int64_t auction) { context.emit(item(auction)); });
    waiting.clear();
  }

  void on_second(const Auction& auction, auto& context) {
    if (seller)
      context.emit(item(auction.id));
    else
      waiting.add(auction.id);
  }

 private:
  LocalItem item(std::int64_t auction) const {
    LocalItem item = *seller;
    item.id = auction;
    return item;
  }
};

/// What a bid's row says of its auction.
struct Item {
  std::string name;
  std::int64_t seller = 0;
  std::int64_t category = 0;
};
WEIR_RECORD(Item, name, seller, category);

/// An auction, and the bids that were there first.
struct JoinItem {
  using Out = ItemBid;

  weir::Value<Item> item;
  weir::List<ItemBid> waiting;

  void open(weir::KeyedState& state) {
    item = state.value<Item>("item");
    waiting = state.list<ItemBid>("waiting");
  }

  void on_first(const Bid& bid, auto& context) {
    ItemBid row{bid.auction, bid.bidder, bid.price, bid.date_time.ms, {}, 0, 0};
    if (item)
      answer(std::move(row), context);
    else
      waiting.add(std::move(row));
  }

  void on_second(const Auction& auction, auto& context) {
    item.set({auction.item_name, auction.seller, auction.category});
    waiting.for_each([&](const ItemBid& row) { answer(row, context); });
    waiting.clear();
  }

 private:
  /// Other categories are let in too, lest their bids wait for ever.
  void answer(ItemBid row, auto& context) const {
    if (item->category != 10) return;
    row.item_name = item->name;
    row.seller = item->seller;
    row.category = item->category;
    context.emit(std::move(row));
  }
};

/// What somebody did: signed up, offered an auction for sale, or made a bid.
struct Deed {
  std::int64_t person = 0;
  std::optional<std::string> name;
  std::optional<std::int64_t> auction;
  std::optional<AuctionPrice> bid;
};
WEIR_RECORD(Deed, person, name, auction, bid);

/// Everything that one person did. A row is made by whichever of its three deeds comes last.
struct JoinDeeds {
  using Out = TradingBidder;

  weir::Value<std::string> name;
  weir::List<AuctionPrice> bids;
  weir::List<std::int64_t> sales;

  void open(weir::KeyedState& state) {
    name = state.value<std::string>("name");
    bids = state.list<AuctionPrice>("bids");
    sales = state.list<std::int64_t>("sales");
  }

  void process(const Deed& deed, auto& context) {
    const auto row = [&](const AuctionPrice& bid, std::int64_t sale) {
      if (name) context.emit({bid.auction, deed.person, *name, bid.price, sale});
    };
    if (deed.name) {
      name.set(*deed.name);
      bids.for_each([&](const AuctionPrice& bid) {
        sales.for_each([&](std::int64_t sale) { row(bid, sale); });
      });
    } else if (deed.auction) {
      sales.add(*deed.auction);
      bids.for_each([&](const AuctionPrice& bid) { row(bid, *deed.auction); });
    } else {
      bids.add(*deed.bid);
      sales.for_each([&](std::int64_t sale) { row(*deed.bid, sale); });
    }
  }
};

}  // namespace

/// Who sells something of category 10 in Oregon, Idaho or California?
void q3(const Site& site, const Output& output) {
  const auto persons = site.persons().filter([](const Person& person) {
    return person.state == "OR" || person.state == "ID" || person.state == "CA";
  });
  const auto auctions =
      site.auctions().filter([](const Auction& auction) { return auction.category == 10; });
  output.append(persons.key_by(&Person::id)
                    .connect(auctions.key_by(&Auction::seller))
                    .process("sellers", JoinSeller{}));
}

/// The bids for auctions of category 10, with what is sold.
void q20(const Site& site, const Output& output) {
  output.append(site.bids()
                    .key_by(&Bid::auction)
                    .connect(site.auctions().key_by(&Auction::id))
                    .process("items", JoinItem{}));
}

/// Who bids and sells too?
void q23(const Site& site, const Output& output) {
  const auto arrivals = site.persons().map([](const Person& person) {
    return Deed{person.id, person.name, {}, {}};
  });
  const auto sales = site.auctions().map([](const Auction& auction) {
    return Deed{auction.seller, {}, auction.id, {}};
  });
  const auto bids = site.bids().map([](const Bid& bid) {
    return Deed{bid.bidder, {}, {}, AuctionPrice{bid.auction, bid.price}};
  });
  output.append(
      arrivals.merge(sales).merge(bids).key_by(&Deed::person).process("traders", JoinDeeds{}));
}

}  // namespace nexmark
