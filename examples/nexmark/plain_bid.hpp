// What most queries need of a bid.
#pragma once

#include <utility>

#include "records.hpp"
#include "results.hpp"

namespace nexmark {

inline PlainBid plain(Bid bid) {
  return {bid.auction, bid.bidder, bid.price, bid.date_time.ms, std::move(bid.extra)};
}

}  // namespace nexmark
