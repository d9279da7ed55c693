#include "site.hpp"

#include <algorithm>
#include <vector>

namespace nexmark {
namespace {

using namespace std::chrono_literals;

/// The events of several generators in turn, so that their timelines run side by side.
class EventByNumber {
 public:
  explicit EventByNumber(const GeneratorOptions& options) {
    for (std::uint64_t part = 0; part < options.parts(); ++part) parts_.emplace_back(options, part);
  }

  Event operator()(std::int64_t n) const {
    const auto number = static_cast<std::uint64_t>(n);
    const std::uint64_t common = parts_.front().size();  // the last part may have more
    if (number < common * parts_.size())
      return parts_[number % parts_.size()].at(number / parts_.size());
    return parts_.back().at(number - common * (parts_.size() - 1));
  }

 private:
  std::vector<Generator> parts_;
};

std::array<weir::Stream<Event>, 3> kinds(const weir::Stream<Event>& events) {
  return events.split([](const Event& event) { return event.bid.has_value(); },
                      [](const Event& event) { return event.auction.has_value(); });
}

}  // namespace

weir::Generate<Event> Events::source(std::uint32_t splits) const {
  check(generator).or_throw();
  return {.record = EventByNumber(generator),
          .count = static_cast<std::int64_t>(generator.events),
          .records_per_second = per_second,
          .splits = splits};
}

weir::Duration Events::out_of_orderness() const {
  const std::uint64_t step_us =
      (1'000'000 + generator.rate / 2) / generator.rate * generator.generators;
  return std::max<weir::Duration>(4s, weir::Duration(generator.out_of_order * step_us / 1000));
}

Site::Site(weir::Pipeline& pipeline, const Events& events)
    : pipeline_(pipeline),
      kinds_(kinds(
          pipeline.source("events", events.source(kSplits))
              .event_time(&Event::date_time, {.out_of_orderness = events.out_of_orderness()}))) {}

}  // namespace nexmark
