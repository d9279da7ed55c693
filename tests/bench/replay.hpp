// A source that reads the records of a vector in rounds: long runs that need little memory.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include <weir/dataflow/source.hpp>

namespace bench {

template <class T>
struct Replay {
  using Record = T;
  std::shared_ptr<const std::vector<T>> records;  // shared with the readers
  std::size_t rounds = 1;

  std::size_t size() const { return records->size() * rounds; }
  std::unique_ptr<weir::Source<T>> make() const;
};

template <class T>
Replay<T> replay(std::vector<T> records, std::size_t rounds) {
  return {std::make_shared<const std::vector<T>>(std::move(records)), rounds};
}

template <class T>
class ReplayReader final : public weir::SplitReader<T> {
 public:
  ReplayReader(Replay<T> replay, std::size_t next) : replay_(std::move(replay)), next_(next) {}

  weir::ReadResult read(weir::Batch<T>& batch, std::size_t max_records) override {
    const std::vector<T>& records = *replay_.records;
    const std::size_t at = next_ % records.size();
    const std::size_t count = std::min({max_records, records.size() - at, replay_.size() - next_});
    batch.records = weir::Records<T>::part_of(replay_.records, at, count);
    next_ += count;
    return next_ == replay_.size() ? weir::ReadResult::end() : weir::ReadResult::more();
  }
  weir::SplitPosition position() const override {
    return {static_cast<std::int64_t>(next_), static_cast<std::int64_t>(next_)};
  }

 private:
  Replay<T> replay_;
  std::size_t next_;
};

template <class T>
class ReplaySource final : public weir::Source<T> {
 public:
  explicit ReplaySource(Replay<T> replay) : replay_(std::move(replay)) {}
  std::vector<std::string> discover() override { return {"0"}; }
  std::unique_ptr<weir::SplitReader<T>> open(const std::string&, const weir::SplitPosition& from, weir::OperatorContext&) override {
    return std::make_unique<ReplayReader<T>>(replay_, static_cast<std::size_t>(from.offset));
  }

 private:
  Replay<T> replay_;
};

template <class T>
std::unique_ptr<weir::Source<T>> Replay<T>::make() const {
  return std::make_unique<ReplaySource<T>>(*this);
}

}  // namespace bench
