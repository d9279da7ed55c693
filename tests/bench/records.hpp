// The records that go through the pipelines: a bid of four numbers, the Nexmark bid with its strings, and keys.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/base/hash.hpp>
#include <weir/record/record.hpp>

#include "examples/nexmark/records.hpp"

namespace bench {

struct FlatBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  weir::EventTime at;
};
WEIR_RECORD(FlatBid, auction, bidder, price, at);
static_assert(sizeof(FlatBid) == 32);

struct Visit {
  std::string user;
  std::int64_t spent = 0;
};
WEIR_RECORD(Visit, user, spent);

/// Uniform draws from 0 to limit-1: splitmix64, the same on every machine.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

 private:
  std::uint64_t next() { return weir::hash_integer(state_ += 0x9e3779b97f4a7c15ULL); }

  std::uint64_t state_;
};

/// Bids on `auctions` auctions, whose numbers are spread over all of int64; one per millisecond.
std::vector<FlatBid> flat_bids(std::size_t count, std::uint64_t auctions);
/// The bids of the Nexmark generator.
std::vector<nexmark::Bid> nexmark_bids(std::size_t count);
std::vector<Visit> visits(std::size_t count, std::uint64_t users);

}  // namespace bench
