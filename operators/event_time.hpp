// Assigns event times to records and makes watermarks: "no record at or before this time follows, late ones aside". The least
// time that there is stands for none, so a record that has it fails the task.
//
// A watermark is the greatest time seen less the bound on out-of-orderness, less one millisecond. Directly behind a
// source, times are tracked per split, and the least of the splits being read counts; elsewhere per task. Results must
// not depend on batch size, so before a record that would be late by the records before it, the batch is cut and the
// watermark goes first: lateness is as if a watermark followed every record.
//
// A split, or without splits the task, from which nothing comes for `idle_after` no longer holds the watermark back. Nor does a
// task whose source has no split open.
//
// Alignment: with `max_drift`, a split whose watermark is further than that ahead of the slowest one of the task is not read
// until the others have caught up, so that what waits downstream for the slow ones (an interval join's buffers) stays bounded.
// Idle splits hold nobody up; a quiet one does until `idle_after`, so give both. Tasks, and sources, are not aligned with one
// another. Only directly behind a source; elsewhere there are no splits, and it has no effect.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

struct EventTimeOptions {
  Duration out_of_orderness{0};          // how far records may lag behind the greatest time seen
  std::optional<Duration> idle_after = {};  // processing time without a record; empty: never idle
  std::optional<Duration> max_drift = {};   // event time by which a split may be ahead of others; empty: any
};

struct SplitProgress {
  std::string split;
  EventTime greatest;
};
WEIR_RECORD(SplitProgress, split, greatest);

namespace detail {
/// The least time stands for none.
[[noreturn]] void fail_no_time();
}  // namespace detail

template <class T, class F>
class AssignEventTime final : public ContextOperator {
 public:
  AssignEventTime(F time_of, const EventTimeOptions& options) : time_of_(std::move(time_of)), options_(options) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    stored_ = &context.state().list<SplitProgress>("progress", ChunkKind::Union);
    emitted_ = &context.state().list<EventTime>("watermark", ChunkKind::Union);
    for (const SplitProgress& progress : *stored_) {
      // Tasks that tracked no splits all stored the empty name: the least of them is safe for each.
      const auto [entry, added] = restored_.emplace(progress.split, progress.greatest);
      if (!added) entry->second = std::min(entry->second, progress.greatest);
    }
    for (const EventTime time : *emitted_) watermark_ = watermark_ ? std::min(*watermark_, time) : time;
    untold_ = watermark_ && *watermark_ != EventTime::min();
    if (untold_ || options_.idle_after) context.wake_at(context.now());
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    Track& track = track_of(in.origin);
    track.last_seen = context().now();
    track.idle = false;
    std::size_t start = 0;
    const T* const records = in.records.data();
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      // Often the first to read records, which may come from far away; how far ahead is not critical.
      if (i + kAhead < in.records.size()) __builtin_prefetch(records + i + kAhead);
      const EventTime time = std::invoke(time_of_, in.records[i]);
      in.times[i] = time;
      if (time.ms <= bound(track.greatest).ms) {
        if (time == EventTime::min()) detail::fail_no_time();  // always found here: no bound is less
        if (advance()) {
          emit_range(in, start, i);
          start = i;
          tell();
        }
      }
      track.greatest = std::max(track.greatest, time);
    }
    if (start == 0) context().emit(0, std::move(batch));
    else emit_range(in, start, in.records.size());
    if (advance()) tell();
  }

  bool makes_watermarks() const override { return true; }

  Progress on_watermark(EventTime time) override {
    // Watermarks from upstream mean nothing here, but the end of time does.
    if (time == EventTime::max()) {
      ended_ = true;
      untold_ = false;
      context().emit_watermark(time);
    }
    return Progress::Done;
  }

  void on_split(const SplitEvent& event) override {
    switch (event.kind) {
      case SplitEvent::Kind::Opened:
        // Raises nothing yet: after a restore the splits that hold the watermark may not all be open.
        by_split_ = true;
        track(*event.split).last_seen = context().now();
        if (restored_.contains(*event.split)) context().wake_at(context().now());
        return;
      case SplitEvent::Kind::Closed: tracks_.erase(*event.split); break;
    }
    if (tracks_.empty()) return;  // the next split, or the end, will tell
    if (advance()) tell();
  }

  bool wants_split(const std::string& split) override {
    if (!options_.max_drift) return true;
    const auto found = tracks_.find(split);
    return found == tracks_.end() || !ahead(found->second, slowest());
  }

  /// No split is open, or nothing comes from upstream.
  void on_idle() override {
    for (auto& [split, track] : tracks_) track.idle = true;
    if (untold_) tell();  // now, since a watermark ends idleness
    context().emit_idle();
  }

  std::string watermark_holder() const override {
    const auto holder = slowest();
    if (holder == tracks_.end()) return {};
    return holder->first.empty() ? "the records of '" + context().name() + "'" : "split " + holder->first;
  }

  Progress on_processing_time(ProcessingTime now) override {
    if (!started_) started_ = now;  // nothing could come before, however long other tasks took to open
    const bool went_idle = options_.idle_after && note_idle(now);
    if (advance() || untold_) tell();
    if (went_idle) context().emit_idle();
    if (options_.idle_after) context().wake_at(now + *options_.idle_after);
    return Progress::Done;
  }

  void before_snapshot(CheckpointId) override {
    stored_->clear();
    for (const auto& [split, track] : tracks_) stored_->push_back({split, track.greatest});
    emitted_->clear();
    emitted_->push_back(watermark_.value_or(EventTime::min()));
  }

 private:
  static constexpr std::size_t kAhead = 64;  // records

  struct Track {
    EventTime greatest = EventTime::min();
    ProcessingTime last_seen;
    bool idle = false;
  };
  using Tracks = std::map<std::string, Track>;

  EventTime bound(EventTime greatest) const {
    return greatest == EventTime::min() ? greatest : greatest - options_.out_of_orderness - Duration(1);
  }

  Track& track(const std::string& split) {
    const auto [entry, added] = tracks_.try_emplace(split);
    if (added) {
      if (const auto stored = restored_.find(split); stored != restored_.end()) entry->second.greatest = stored->second;
    }
    return entry->second;
  }

  Track& track_of(const Origin& origin) { return track(by_split_ && origin.split ? *origin.split : std::string()); }

  /// The one that holds the watermark; none when no track is active.
  typename Tracks::const_iterator slowest() const {
    auto slowest = tracks_.end();
    for (auto track = tracks_.begin(); track != tracks_.end(); ++track) {
      if (!track->second.idle && (slowest == tracks_.end() || track->second.greatest < slowest->second.greatest)) slowest = track;
    }
    return slowest;
  }

  bool ahead(const Track& track, typename Tracks::const_iterator slowest) const {
    return slowest != tracks_.end() && bound(track.greatest) > bound(slowest->second.greatest) + *options_.max_drift;
  }

  /// Raises the watermark to what the tracks allow. True when it rose.
  bool advance() {
    const auto holder = slowest();
    if (ended_ || holder == tracks_.end()) return false;
    const EventTime least = bound(holder->second.greatest);
    if (least == EventTime::min() || (watermark_ && least <= *watermark_)) return false;
    watermark_ = least;
    return true;
  }

  void tell() {
    untold_ = false;
    context().emit_watermark(*watermark_);
  }

  /// Finds the tracks from which nothing has come for long. True when none is active.
  bool note_idle(ProcessingTime now) {
    const auto holder = slowest();
    bool any_active = tracks_.empty() && now < *started_ + *options_.idle_after;
    for (auto& [split, track] : tracks_) {
      if (options_.max_drift && ahead(track, holder)) track.last_seen = now;  // silent because it is not read
      if (now >= track.last_seen + *options_.idle_after) track.idle = true;
      any_active |= !track.idle;
    }
    return !any_active;
  }

  void emit_range(Batch<T>& in, std::size_t begin, std::size_t end) {
    auto out = std::make_unique<Batch<T>>();
    out->origin = in.origin;
    out->reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) out->push(in.records.take(i), in.times[i]);
    context().emit(0, std::move(out));
  }

  F time_of_;
  EventTimeOptions options_;
  bool by_split_ = false;
  Tracks tracks_;
  std::map<std::string, EventTime> restored_;
  std::optional<EventTime> watermark_;
  bool untold_ = false;  // the watermark is that of the run restored from, and nobody was told in this one
  bool ended_ = false;   // the end of time was told
  std::optional<ProcessingTime> started_;
  std::vector<SplitProgress>* stored_ = nullptr;
  std::vector<EventTime>* emitted_ = nullptr;
};

template <class T>
template <class F>
Stream<T> Stream<T>::event_time(F time_of, EventTimeOptions options) const {
  constexpr bool valid = TimeFunction<F, T>;
  static_assert(valid, "event_time: give a member or a function of one record that is a weir::EventTime");
  if constexpr (valid) {
    // As parallel as what it reads, so that it shares the source's task and sees its splits.
    const StepOptions beside{.name = {}, .parallelism = graph().nodes[node()].parallelism};
    const auto timed = step<T>("event_time", beside, [time_of, options] { return std::make_unique<AssignEventTime<T, F>>(time_of, options); });
    graph().nodes[timed.node()].times = GraphNode::Times::Given;
    return timed;
  } else {
    return *this;
  }
}

}  // namespace weir
