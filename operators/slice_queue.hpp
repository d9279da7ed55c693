// The slices of one key, and the aggregate over those in a window that slides over them, in amortised constant time per
// slice and without inverting anything: two stacks. The older slices of the window carry aggregates from themselves up to
// the flip point, so that dropping the oldest is a pop; the newer ones are folded into one accumulator. When the older
// part is used up, the flip point moves to the end and the newer part becomes the older one (Tangwongsan, Hirzel,
// Schneider, Low-latency sliding-window aggregation in worst-case constant time, DEBS 2017; Cutty: Carbone et al., CIKM
// 2016, shares slices among windows this way).
//
//   slices: | kept for late records |      window                       |
//           head_                   first_           flip_              end
//                                   suffixes_.back() |  recent_         |
//
// Transient: made again from the state's entries. Accumulators are merged older first. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <weir/operators/window.hpp>

namespace weir {

/// Entry: of the table of slices; its key's scope is where the slice begins. It outlives its place here.
template <class Entry, class A>
class SliceQueue {
 public:
  using Accumulator = typename A::Accumulator;

  bool empty() const { return head_ == slices_.size(); }
  bool window_empty() const { return first_ == slices_.size(); }
  const Entry& oldest() const { return *slices_[head_]; }

  /// Starts to load what sliding will read.
  void prefetch() const {
    __builtin_prefetch(slices_.data() + first_);
    __builtin_prefetch(suffixes_.data() + suffixes_.size());
  }

  /// Adds a slice newer than all others.
  void push(const Entry& entry, const A& aggregate) {
    if (flip_ < slices_.size()) aggregate.merge(recent_, entry.value);
    else recent_ = entry.value;
    slices_.push_back(&entry);
  }

  /// The window now begins at `start`; it never moves back.
  void slide_to(EventTime start, const A& aggregate) {
    while (first_ < slices_.size() && slices_[first_]->key.scope < start) drop_first();
    if (suffixes_.empty() && first_ < slices_.size()) flip(aggregate);
  }

  /// Calls use(accumulator) with the aggregate over the window, which is not empty.
  template <class Use>
  decltype(auto) with_aggregate(const A& aggregate, Use&& use) const {
    if (flip_ == slices_.size()) return use(suffixes_.back());
    Accumulator whole = suffixes_.back();
    aggregate.merge(whole, recent_);
    return use(std::as_const(whole));
  }

  /// Adds a slice among older ones, `start` being where the window begins.
  void insert(const Entry& entry, EventTime start) {
    const auto at = std::upper_bound(slices_.begin() + head_, slices_.end(), entry.key.scope,
                                     [](EventTime slice, const Entry* other) { return slice < other->key.scope; });
    slices_.insert(at, &entry);
    if (entry.key.scope < start) ++first_;
    changed();
  }

  /// A slice in the queue has changed: the running aggregates are void.
  void changed() {
    suffixes_.clear();
    flip_ = first_;
    // slide_to flips before the next use, which fills recent_ anew
  }

  /// Forgets the oldest slice.
  void pop_oldest() {
    if (first_ == head_) drop_first();
    ++head_;
    if (head_ == slices_.size()) clear();
    else if (head_ >= kCompact && head_ * 2 > slices_.size()) compact();
  }

  /// Calls visit(end, accumulator) for windows of `size` ending at first, first + slide, … last, all of which contain
  /// the slice that begins at `pivot`. Each costs what it has in slices that its neighbours have not.
  template <class Visit>
  void each_window_around(EventTime pivot, EventTime first, EventTime last, const std::pair<Duration, Duration>& size_slide,
                          const A& aggregate, Visit&& visit) const {
    const auto [size, slide] = size_slide;
    const auto middle = std::upper_bound(slices_.begin() + head_, slices_.end(), pivot,
                                         [](EventTime slice, const Entry* other) { return slice < other->key.scope; });
    std::vector<std::pair<EventTime, Accumulator>> before;  // from a slice up to the pivot, newest first
    for (auto at = middle; at != slices_.begin() + head_ && (*std::prev(at))->key.scope >= first - size; --at) {
      const Entry& entry = **std::prev(at);
      before.emplace_back(entry.key.scope, entry.value);
      if (before.size() > 1) aggregate.merge(before.back().second, before[before.size() - 2].second);
    }
    Accumulator behind = aggregate.create();
    auto next = middle;
    for (EventTime end = first; end <= last; end = end + slide) {
      while (before.back().first < end - size) before.pop_back();
      for (; next != slices_.end() && (*next)->key.scope < end; ++next) aggregate.merge(behind, (*next)->value);
      Accumulator whole = before.back().second;
      if (next != middle) aggregate.merge(whole, behind);
      visit(end, std::as_const(whole));
    }
  }

 private:
  static constexpr std::uint32_t kCompact = 16;  // forgotten slices worth a move of the others

  void drop_first() {
    ++first_;
    if (!suffixes_.empty()) suffixes_.pop_back();
    flip_ = std::max(flip_, first_);
  }

  void flip(const A& aggregate) {
    for (std::size_t at = slices_.size(); at > first_; --at) {
      suffixes_.push_back(slices_[at - 1]->value);
      if (suffixes_.size() > 1) aggregate.merge(suffixes_.back(), suffixes_[suffixes_.size() - 2]);
    }
    flip_ = static_cast<std::uint32_t>(slices_.size());
  }

  void clear() {
    slices_.clear();
    suffixes_.clear();
    head_ = first_ = flip_ = 0;
  }

  void compact() {
    slices_.erase(slices_.begin(), slices_.begin() + head_);
    first_ -= head_;
    flip_ -= head_;
    head_ = 0;
  }

  std::vector<const Entry*> slices_;
  std::vector<Accumulator> suffixes_;  // of the slices from flip_ - 1 down to first_
  Accumulator recent_{};               // of the slices from flip_ on, if there are any and suffixes_ is not void
  std::uint32_t head_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t flip_ = 0;
};

}  // namespace weir
