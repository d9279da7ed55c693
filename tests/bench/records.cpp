#include "records.hpp"

#include "examples/nexmark/generator.hpp"

namespace bench {

std::vector<FlatBid> flat_bids(std::size_t count, std::uint64_t auctions) {
  Draws draws(1);
  std::vector<FlatBid> bids;
  bids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    bids.push_back({static_cast<std::int64_t>(weir::hash_integer(draws.below(auctions) + 1)),
                    static_cast<std::int64_t>(draws.below(100'000)), static_cast<std::int64_t>(draws.below(1'000'000)),
                    {static_cast<std::int64_t>(i)}});
  }
  return bids;
}

std::vector<nexmark::Bid> nexmark_bids(std::size_t count) {
  nexmark::Generator generator({.events = count * 50 / 46 + 50});
  std::vector<nexmark::Bid> bids;
  bids.reserve(count);
  while (bids.size() < count) {
    nexmark::Event event = generator.next();
    if (event.bid) bids.push_back(std::move(*event.bid));
  }
  return bids;
}

std::vector<Visit> visits(std::size_t count, std::uint64_t users) {
  Draws draws(1);
  std::vector<Visit> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({"customer-" + std::to_string(1'000'000'000 + draws.below(users)), static_cast<std::int64_t>(draws.below(1000))});
  }
  return all;
}

}  // namespace bench
