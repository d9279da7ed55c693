// The auction site as its queries see it: what is bid, what is sold, who signs up. The three streams
// are read from one source and have event times.
//
// One sequence of events is dealt out to kSplits splits, whatever the parallelism: results and stored
// positions do not depend on how many tasks read them.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include <weir/weir.hpp>

#include "generator.hpp"

namespace nexmark {

/// Divisible by the numbers of tasks that are likely, so that each reads as many.
constexpr std::uint32_t kSplits = 24;

/// The generator's events as a source.
struct Events {
  GeneratorOptions generator;
  double per_second = 0;  // of real time; 0: as fast as it can

  /// Throws Failure when the generator's options are wrong.
  weir::Generate<Event> source(std::uint32_t splits) const;

  /// By how much an event can be earlier than one before it, four seconds at least.
  weir::Duration out_of_orderness() const;
};

class Site {
 public:
  Site(weir::Pipeline& pipeline, const Events& events);

  weir::Pipeline& pipeline() const { return pipeline_; }

  weir::Stream<Bid> bids() const {
    return kinds_[0].map([](Event event) { return *std::move(event.bid); }, {.name = "bids"});
  }
  weir::Stream<Auction> auctions() const {
    return kinds_[1].map([](Event event) { return *std::move(event.auction); },
                         {.name = "auctions"});
  }
  weir::Stream<Person> persons() const {
    return kinds_[2].map([](Event event) { return *std::move(event.person); }, {.name = "persons"});
  }

 private:
  weir::Pipeline& pipeline_;
  std::array<weir::Stream<Event>, 3> kinds_;
};

}  // namespace nexmark
