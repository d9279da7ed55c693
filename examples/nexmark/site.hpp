// The auction site as its queries see it: who signs up, what is sold, what is bid. The three streams
// are read from one source and have event times.
#pragma once

#include <array>
#include <utility>

#include "event_source.hpp"

namespace nexmark {

class Site {
 public:
  Site(weir::Pipeline& pipeline, const Events& source)
      : pipeline_(pipeline), events_(read(pipeline, source)), kinds_(split(events_)) {}

  weir::Pipeline& pipeline() const { return pipeline_; }

  /// All three kinds in one stream.
  const weir::Stream<Event>& events() const { return events_; }

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
  static weir::Stream<Event> read(weir::Pipeline& pipeline, const Events& source) {
    using namespace std::chrono_literals;
    const weir::Duration bound = std::max<weir::Duration>(4s, disorder(source.generator));
    return pipeline.source("events", source)
        .event_time(&Event::date_time, {.out_of_orderness = bound});
  }
  static std::array<weir::Stream<Event>, 3> split(const weir::Stream<Event>& events) {
    return events.split([](const Event& event) { return event.bid.has_value(); },
                        [](const Event& event) { return event.auction.has_value(); });
  }

  weir::Pipeline& pipeline_;
  weir::Stream<Event> events_;
  std::array<weir::Stream<Event>, 3> kinds_;  // bids, auctions, persons
};

}  // namespace nexmark
