// A benchmark is worth its name when every run and every engine sees the same events. Here an event
// is a function of its number alone: the number seeds the random draws, so any event can be
// produced without those before it, and a source that resumes at a position goes on exactly as it
// would have.
//
//   number   first_event_number + n, n = 0, 1, 2, …; shuffled within groups of `out_of_order`
//   id       first_event_id + number; of every 50 ids one is a person, three are auctions, 46 bids
//   time     base + number * time between events
//
// The events come in parts, which can be read independently of each other. Parts arise in two ways:
//
//   generators  the ids are cut into consecutive ranges, each with a clock of its own that starts
//   at
//               `base` and ticks so much slower that all together keep the rate. Ids stay, times
//               change.
//   stripes     every generator's events are dealt out in turn, as to the hands in a card game.
//   Neither
//               ids nor times change, which is why results do not depend on the number of stripes.
//
// A group is never cut by a range. The last group of all may be incomplete; its ids then have gaps.
// A Generator belongs to one thread. Source of the definitions: Apache Beam's Nexmark suite.
#pragma once

#include <cstdint>

#include <weir/base/result.hpp>
#include <weir/base/time.hpp>

#include "channels.hpp"
#include "java_random.hpp"
#include "records.hpp"

namespace nexmark {

struct GeneratorOptions {
  std::uint64_t events = 100'000;  // of all parts together
  std::uint64_t rate = 10'000;     // events per second of event time, of all parts together
  std::uint64_t out_of_order = 1;  // events per shuffled group; 1 is in order
  std::uint64_t generators = 1;
  std::uint64_t stripes = 1;  // per generator
  std::uint64_t first_event_id = 0;
  std::uint64_t first_event_number = 0;
  weir::EventTime base{1'436'918'400'000};  // 2015-07-15T00:00:00Z

  std::uint64_t parts() const { return generators * stripes; }
};

/// Says what is wrong with options that people gave: counts below 1, or a group size that shuffles
/// no group (a multiple of 953, the step of the shuffle).
weir::Result<void> check(const GeneratorOptions& options);

/// The events of one part, in order of arrival. A value.
class Generator {
 public:
  explicit Generator(const GeneratorOptions& options) : Generator(options, 0) {}
  Generator(const GeneratorOptions& options, std::uint64_t part);

  /// The events of this part.
  std::uint64_t size() const { return size_; }

  /// The event at a position of this part, 0 … size()-1.
  Event at(std::uint64_t position) const;

  bool done() const { return position_ >= size_; }
  Event next() { return at(position_++); }

  /// How many events next() has given: where to seek to in order to go on from here.
  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

  /// No later event of this part has an earlier time than this; one may have the same.
  weir::EventTime watermark() const;

 private:
  std::uint64_t number_at(std::uint64_t position) const;
  weir::EventTime time_of(std::uint64_t number) const;

  Person person(JavaRandom& random, std::uint64_t event_id) const;
  Auction auction(JavaRandom& random, std::uint64_t event_id, std::uint64_t number) const;
  Bid bid(JavaRandom& random, std::uint64_t event_id) const;

  weir::EventTime base_;
  std::uint64_t delay_us_;
  std::uint64_t group_;
  std::uint64_t first_id_;
  std::uint64_t first_number_;  // of this stripe
  std::uint64_t stride_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  const Channels* channels_;  // constant, lives as long as the program
};

}  // namespace nexmark
