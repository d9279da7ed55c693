// Records from and to memory: for tests, examples and benchmarks.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <weir/dataflow/sink_writer.hpp>
#include <weir/dataflow/source.hpp>

namespace weir {

/// A vector as a bounded source. `splits` shares it out into consecutive parts, so that several tasks read it.
template <class T>
struct Collection {
  using Record = T;
  static constexpr bool has_event_time = false;
  std::shared_ptr<const std::vector<T>> records;  // shared by all tasks
  std::size_t splits = 1;

  std::unique_ptr<Source<T>> make() const;
};

template <class T>
Collection<T> collection(std::vector<T> records, std::size_t splits = 1) {
  return {std::make_shared<const std::vector<T>>(std::move(records)), splits};
}

template <class T>
class CollectionReader final : public SplitReader<T> {
 public:
  CollectionReader(std::shared_ptr<const std::vector<T>> records, std::size_t next, std::size_t end)
      : records_(std::move(records)), next_(next), end_(end) {}

  ReadResult read(Batch<T>& batch, std::size_t max_records) override {
    const std::size_t count = std::min(max_records, end_ - next_);
    batch.records = Records<T>::part_of(records_, next_, count);
    next_ += count;
    return next_ == end_ ? ReadResult::end() : ReadResult::more();
  }

  SplitPosition position() const override {
    return {static_cast<std::int64_t>(next_), static_cast<std::int64_t>(next_)};
  }

 private:
  std::shared_ptr<const std::vector<T>> records_;  // shared with the description and other readers
  std::size_t next_;
  std::size_t end_;
};

template <class T>
class CollectionSource final : public Source<T> {
 public:
  explicit CollectionSource(Collection<T> collection) : collection_(std::move(collection)) {}

  std::vector<std::string> discover() override {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < collection_.splits; ++i) names.push_back(std::to_string(i));
    return names;
  }

  std::unique_ptr<SplitReader<T>> open(const std::string& split, const SplitPosition& from, OperatorContext&) override {
    const std::size_t index = std::stoul(split);
    const std::size_t total = collection_.records->size();
    const std::size_t first = total * index / collection_.splits;
    const std::size_t next = from.offset == 0 ? first : static_cast<std::size_t>(from.offset);
    return std::make_unique<CollectionReader<T>>(collection_.records, next, total * (index + 1) / collection_.splits);
  }

  std::size_t concurrent_splits() const override { return collection_.splits; }

 private:
  Collection<T> collection_;
};

template <class T>
std::unique_ptr<Source<T>> Collection<T>::make() const {
  return std::make_unique<CollectionSource<T>>(*this);
}

/// Records that wait for their checkpoint to complete.
template <class T>
struct StagedRecords {
  CheckpointId checkpoint = 0;
  std::uint32_t task = 0;
  std::vector<T> records;
};
template <class T>
constexpr auto weir_fields(const StagedRecords<T>*) {
  using Staged = StagedRecords<T>;
  return std::make_tuple(make_field("checkpoint", &Staged::checkpoint), make_field("task", &Staged::task),
                         make_field("records", &Staged::records));
}
template <class T>
constexpr std::string_view weir_record_name(const StagedRecords<T>*) { return "StagedRecords"; }

/// Collects records in memory, each once, also when the job restarts in between: those that a complete checkpoint covers are
/// visible.
template <class T>
class Collected {
 public:
  /// What has been published so far, in the order of publication.
  std::vector<T> records() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->records;
  }

  template <class U>
  std::unique_ptr<SinkWriter<U>> make() const {
    static_assert(std::is_same_v<T, U>, "Collected<T>: the stream's records must be of type T");
    return std::make_unique<Writer>(shared_);
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<T> records;
    std::map<std::uint32_t, CheckpointId> published;  // the last checkpoint published, by task
  };

  class Writer final : public SinkWriter<T> {
   public:
    explicit Writer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

    void open(OperatorContext& context) override {
      staged_ = &context.state().list<StagedRecords<T>>("staged", ChunkKind::Split);
      task_ = context.task();
    }
    void write(Batch<T>& batch) override {
      std::vector<T>& records = batch.records.own();
      open_.insert(open_.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    }
    void before_snapshot(CheckpointId checkpoint) override {
      if (!open_.empty()) staged_->push_back({checkpoint, task_, std::exchange(open_, {})});
    }
    void on_complete(CheckpointId checkpoint) override {
      const std::lock_guard lock(shared_->mutex);
      for (StagedRecords<T>& staged : *staged_) {
        CheckpointId& published = shared_->published[staged.task];
        if (staged.checkpoint > checkpoint || staged.checkpoint <= published) continue;
        published = staged.checkpoint;
        shared_->records.insert(shared_->records.end(), staged.records.begin(), staged.records.end());
      }
      std::erase_if(*staged_, [&](const StagedRecords<T>& staged) { return staged.checkpoint <= checkpoint; });
    }

   private:
    std::shared_ptr<Shared> shared_;  // with the Collected and the writers of all tasks
    std::uint32_t task_ = 0;
    std::vector<T> open_;
    std::vector<StagedRecords<T>>* staged_ = nullptr;
  };

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();  // with the writers of all tasks
};

/// Collects the records of a stream, for tests:
///
///   const auto counts = collect(words.key_by(&Word::text).count("count"));
///   pipeline.run();
///   counts.records() ...
///
/// The sink that does it is called `name`, with a number where there are several.
template <class Stream>
Collected<typename Stream::RecordType> collect(const Stream& stream, const std::string& name = "collected") {
  Collected<typename Stream::RecordType> records;
  const auto& nodes = stream.graph().nodes;
  std::string free = name;
  for (int number = 2; std::any_of(nodes.begin(), nodes.end(), [&](const auto& node) { return node.name == free; }); ++number) {
    free = name + "-" + std::to_string(number);
  }
  stream.sink(free, records);
  return records;
}

/// Counts and drops.
struct Blackhole {
  template <class T>
  class Writer final : public SinkWriter<T> {
   public:
    void write(Batch<T>&) override {}
  };

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return std::make_unique<Writer<T>>();
  }
};

}  // namespace weir
