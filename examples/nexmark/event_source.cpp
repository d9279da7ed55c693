#include "event_source.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace nexmark {
namespace {

/// Lets through so many events a second of real time, counted from when it was made. The events of
/// all parts take turns, so that each part knows its share without asking the others.
class Throttle {
 public:
  Throttle(std::uint64_t per_second, std::uint64_t part, std::uint64_t parts,
           weir::ProcessingTime start)
      : per_second_(per_second), part_(part), parts_(parts), start_(start) {}

  /// How many events of this part are due at a time.
  std::uint64_t due(weir::ProcessingTime now) const {
    const auto elapsed_ms =
        static_cast<std::uint64_t>(std::max(now - start_, weir::Duration(0)).count());
    const std::uint64_t of_all = elapsed_ms * per_second_ / 1000;
    return (of_all + parts_ - 1 - part_) / parts_;
  }

  /// How long until one more than `count` are due.
  weir::Duration wait(std::uint64_t count, weir::ProcessingTime now) const {
    const std::uint64_t of_all = count * parts_ + part_ + 1;
    const auto due_ms = static_cast<std::int64_t>((of_all * 1000 + per_second_ - 1) / per_second_);
    return std::max(start_ + weir::Duration(due_ms) - now, weir::Duration(1));
  }

 private:
  std::uint64_t per_second_;
  std::uint64_t part_;
  std::uint64_t parts_;
  weir::ProcessingTime start_;
};

class PartReader final : public weir::SplitReader<Event> {
 public:
  PartReader(const Events& events, std::uint64_t part, std::uint64_t position,
             weir::OperatorContext& context)
      : generator_(events.generator, part), first_(position), context_(context) {
    generator_.seek(position);
    if (events.per_second)
      throttle_.emplace(*events.per_second, part, events.generator.parts(), context.now());
  }

  weir::ReadResult read(weir::Batch<Event>& batch, std::size_t max_records) override {
    const std::uint64_t begin = generator_.position();
    std::uint64_t end = std::min(begin + max_records, generator_.size());
    if (throttle_) end = std::min(end, first_ + throttle_->due(context_.now()));
    while (generator_.position() < end) batch.records.push_back(generator_.next());

    if (generator_.done()) return weir::ReadResult::end();
    if (end > begin) return weir::ReadResult::more();
    return weir::ReadResult::wait_for(throttle_->wait(begin - first_, context_.now()));
  }

  weir::SplitPosition position() const override {
    const auto next = static_cast<std::int64_t>(generator_.position());
    return {next, next};
  }

 private:
  Generator generator_;
  std::uint64_t first_;  // where this reader began
  std::optional<Throttle> throttle_;
  weir::OperatorContext& context_;
};

class EventSource final : public weir::Source<Event> {
 public:
  explicit EventSource(const Events& events) : events_(events) {}

  std::vector<std::string> discover() override {
    std::vector<std::string> parts;
    for (std::uint64_t part = 0; part < events_.generator.parts(); ++part)
      parts.push_back(std::to_string(part));
    return parts;
  }

  std::unique_ptr<weir::SplitReader<Event>> open(const std::string& split,
                                                 const weir::SplitPosition& from,
                                                 weir::OperatorContext& context) override {
    return std::make_unique<PartReader>(events_, std::stoull(split),
                                        static_cast<std::uint64_t>(from.offset), context);
  }

  std::size_t concurrent_splits() const override { return events_.generator.parts(); }

 private:
  Events events_;
};

}  // namespace

std::unique_ptr<weir::Source<Event>> Events::make() const {
  return std::make_unique<EventSource>(*this);
}

weir::Duration disorder(const GeneratorOptions& options) {
  const std::uint64_t step_us =
      (1'000'000 + options.rate / 2) / options.rate * options.generators;
  return weir::Duration(options.out_of_order * step_us / 1000);
}

}  // namespace nexmark
