// Keyed state that comes and goes in lots: the aggregates of a window, say, which are made in any order and all end together.
// Each lot, a bucket, is a small table of its own, found by number. So a key is looked up among those of its bucket alone,
// the entries of a bucket lie side by side, and a bucket goes without a look at the index for each of its entries.
//
// Stored as a StateTable of (key, number) is. What that says of references and of snapshots holds here too, except that
// entries are erased by bucket only: drop_last() until there is none, then drop(). One thread.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/entry_slots.hpp>
#include <weir/state/scoped.hpp>
#include <weir/state/snapshot_rows.hpp>
#include <weir/state/table.hpp>

namespace weir {

template <Key K, Record V>
class BucketTable final : public Table {
 public:
  using Entry = typename EntrySlots<K, V>::Entry;
  using Tracking = SlotMarks::Tracking;
  using Number = std::int64_t;

  class Bucket {
   public:
    Number number() const { return number_; }
    /// Entries there are.
    std::size_t size() const { return slots_.size() - dropped_; }

    /// Starts to load what locate() will read.
    [[gnu::always_inline]] void prefetch(std::uint64_t hash) const { slots_.prefetch(hash); }
    /// See StateTable.
    template <class Lookups>
    void locate(Lookups&& lookups) const { slots_.locate(lookups); }

    /// Calls visit(entry) for every entry. The visitor must not change the table.
    template <class Visitor>
    void for_each(Visitor&& visit) const { slots_.for_each(visit); }

    /// The same for at most `count` places from `place` on. Returns where to go on, or 0 when all have been visited.
    template <class Visitor>
    std::uint32_t visit_some(std::uint32_t place, std::size_t count, Visitor&& visit) const {
      const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(slots_.marks().size(), place + count));
      for (; place < end; ++place) {
        if (slots_.marks().live(place)) visit(slots_.at(place));
      }
      return end < slots_.marks().size() ? end : 0;
    }

    /// The entry that drop_last() would drop; nullptr when there is none.
    const Entry* last() {
      while (end_ > 0 && !slots_.marks().live(end_ - 1)) --end_;
      return end_ == 0 ? nullptr : &slots_.at(end_ - 1);
    }

    /// The last entries, at most `count` and at least one where there are any: those that lie side by side.
    std::span<const Entry> last_some(std::size_t count) {
      if (!last()) return {};
      std::uint32_t first = end_ - 1;
      while (first > 0 && end_ - first < count && slots_.marks().live(first - 1) && slots_.adjacent(first - 1)) --first;
      return {&slots_.at(first), end_ - first};
    }

   private:
    friend BucketTable;
    explicit Bucket(Tracking tracking) : slots_(tracking) {}

    Number number_ = 0;
    EntrySlots<K, V> slots_;
    std::uint32_t end_ = 0;      // slots from here on have been dropped
    std::size_t dropped_ = 0;
  };

  /// An entry that was looked up to be changed, and whether that made it.
  struct Edited {
    Entry& entry;
    bool fresh;
  };

  BucketTable(std::string name, KeyOwnership ownership, Tracking tracking)
      : rows_(std::move(name)), ownership_(ownership), tracking_(tracking) {}

  /// The bucket of this number, made when there is none.
  Bucket& bucket(Number number) {
    Bucket*& recent = recent_[static_cast<std::uint64_t>(number) % recent_.size()];
    if (!recent || recent->number_ != number) recent = &find_or_make(number);
    return *recent;
  }
  /// The bucket of the least number; nullptr when there is none.
  Bucket* oldest() { return buckets_.empty() ? nullptr : buckets_.begin()->second.get(); }

  /// The bucket of the least number from this one on; nullptr when there is none.
  Bucket* from(Number number) {
    const auto next = buckets_.lower_bound(number);
    return next == buckets_.end() ? nullptr : next->second.get();
  }
  /// The bucket of the greatest number below this one; nullptr when there is none.
  Bucket* below(Number number) {
    const auto next = buckets_.lower_bound(number);
    return next == buckets_.begin() ? nullptr : std::prev(next)->second.get();
  }

  /// Calls visit(bucket) for every bucket, by number.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (const auto& [number, bucket] : buckets_) visit(*bucket);
  }

  /// The entry to change, made by default when there is none. For a look-up that Bucket::locate has prepared, or has not.
  [[gnu::always_inline]] Edited edit(Bucket& bucket, const K& key, const Lookup& lookup) {
    if (!bucket.slots_.holds(lookup.slot, key)) return edit_or_make(bucket, key, lookup.hash);
    touch(bucket, lookup.slot);
    return {bucket.slots_.at(lookup.slot), false};
  }

  /// Drops the bucket's last() entry. From the first time on until drop() nothing may be looked up or made in the bucket.
  void drop_last(Bucket& bucket) {
    const std::uint32_t slot = --bucket.end_;
    SlotMarks& marks = bucket.slots_.marks();
    if (marks.pending(slot)) write_out(bucket, slot);
    const bool stored = marks.stored(slot);
    K key = bucket.slots_.retire(slot);
    if (stored) rows_.erased({std::move(key), bucket.number_});
    ++bucket.dropped_;
  }

  /// The same with as many entries as last_some() gave.
  void drop_last(Bucket& bucket, std::size_t count) {
    if (tracking_ == Tracking::On) {
      for (; count > 0; --count) drop_last(bucket);
      return;
    }
    bucket.end_ -= static_cast<std::uint32_t>(count);
    bucket.slots_.retire(bucket.end_, static_cast<std::uint32_t>(count));
    bucket.dropped_ += count;
  }

  /// Drops a bucket without entries.
  void drop(Bucket& bucket) {
    WEIR_CHECK(bucket.size() == 0, "a bucket with entries was dropped:", rows_.table(), bucket.number_, bucket.size());
    recent_.fill(nullptr);
    const auto found = buckets_.find(bucket.number_);
    keep_spare(std::move(found->second));
    buckets_.erase(found);
  }

  void freeze(SnapshotMode mode) override {
    WEIR_CHECK(tracking_ == Tracking::On, "a table without tracking cannot be frozen:", rows_.table());
    WEIR_CHECK(!writing_, "a table was frozen before its last snapshot was written:", rows_.table());
    for (const auto& [number, bucket] : buckets_) bucket->slots_.marks().freeze(mode);
    rows_.freeze(mode);
    writing_ = true;
    next_ = buckets_.empty() ? 0 : buckets_.begin()->first;
  }

  bool write_some(std::size_t budget, const ChunkSink& sink) override {
    if (!writing_) return true;
    const auto next = [this] {
      SlotMarks& marks = current_->slots_.marks();
      const std::uint32_t slot = marks.next();
      if (marks.pending(slot)) write_out(*current_, slot);
    };
    writing_ = !rows_.write_some(budget, [this] { return find_current(); }, next, sink);
    return !writing_;
  }

  void discard() override {
    if (!std::exchange(writing_, false)) return;
    for (const auto& [number, bucket] : buckets_) {
      if (bucket->slots_.marks().writing()) bucket->slots_.marks().discard();
    }
    rows_.discard();
  }

  void restore(const StateChunk& chunk) override {
    const auto put = [this](const Place& place, V value) {
      if (ownership_.owns(group_hash(place))) put_restored(place, std::move(value));
    };
    rows_.read(chunk, put, [this](const Place& place) { forget(place); });
  }

  std::size_t memory_bytes() const override {
    std::size_t bytes = 0;
    for (const auto& [number, bucket] : buckets_) bytes += sizeof(Bucket) + bucket->slots_.memory_bytes();
    return bytes;
  }

 private:
  using Place = Scoped<K, Number>;

  static constexpr std::size_t kSpare = 2;          // buckets: a new one is begun before the oldest goes
  static constexpr std::size_t kLeastFilled = 8;    // a bucket of less than a so manieth is not worth clearing

  Bucket& find_or_make(Number number) {
    std::unique_ptr<Bucket>& place = buckets_[number];
    if (!place) {
      if (spare_.empty()) {
        place.reset(new Bucket(tracking_));
      } else {
        place = std::move(spare_.back());
        spare_.pop_back();
      }
      place->number_ = number;
    }
    return *place;
  }

  void keep_spare(std::unique_ptr<Bucket> bucket) {
    const std::size_t used = bucket->slots_.marks().size();
    if (spare_.size() >= kSpare || used * kLeastFilled < bucket->slots_.capacity()) return;
    bucket->slots_.clear();
    bucket->end_ = 0;
    bucket->dropped_ = 0;
    spare_.push_back(std::move(bucket));
  }

  /// The slot to change, and whether that made it.
  std::pair<std::uint32_t, bool> find_or_make(Bucket& bucket, const K& key, std::uint64_t hash) {
    const auto found = bucket.slots_.find_or_add(key, hash);
    if (found.second) bucket.end_ = bucket.slots_.marks().size();
    else touch(bucket, found.first);
    return found;
  }
  [[gnu::noinline]] Edited edit_or_make(Bucket& bucket, const K& key, std::uint64_t hash) {
    const auto [slot, made] = find_or_make(bucket, key, hash);
    return {bucket.slots_.at(slot), made};
  }

  void touch(Bucket& bucket, std::uint32_t slot) {
    SlotMarks& marks = bucket.slots_.marks();
    if (marks.settled(slot)) [[likely]] return;
    if (marks.pending(slot)) write_out(bucket, slot);
    marks.dirty(slot);
  }

  void write_out(Bucket& bucket, std::uint32_t slot) {
    const Entry& entry = bucket.slots_.at(slot);
    rows_.add(Place{entry.key, bucket.number_}, entry.value);
    bucket.slots_.marks().written(slot);
  }

  /// Goes to the bucket with the next slot that the snapshot may need. False when there is none.
  bool find_current() {
    for (auto at = buckets_.lower_bound(next_); at != buckets_.end(); ++at) {
      current_ = at->second.get();
      next_ = current_->number_;
      SlotMarks& marks = current_->slots_.marks();
      if (!marks.writing()) continue;
      if (marks.left()) return true;
      marks.finish();
    }
    return false;
  }

  void put_restored(const Place& place, V value) {
    Bucket& bucket = this->bucket(place.scope);
    const std::uint32_t slot = find_or_make(bucket, place.key, hash_of(place.key)).first;
    bucket.slots_.at(slot).value = std::move(value);
    bucket.slots_.marks().restored(slot);
  }

  void forget(const Place& place) {
    const auto found = buckets_.find(place.scope);
    if (found == buckets_.end()) return;
    Bucket& bucket = *found->second;
    const std::uint64_t hash = hash_of(place.key);
    const std::uint32_t slot = bucket.slots_.find(place.key, hash);
    if (slot != SlotIndex::kNone) bucket.slots_.remove(hash, slot);
    if (bucket.size() == 0) drop(bucket);
  }

  SnapshotRows<Place, V> rows_;
  KeyOwnership ownership_;
  Tracking tracking_;
  std::map<Number, std::unique_ptr<Bucket>> buckets_;
  std::array<Bucket*, 8> recent_{};               // by number: bucket() without a search
  std::vector<std::unique_ptr<Bucket>> spare_;    // empty, for their memory
  bool writing_ = false;
  Number next_ = 0;                               // while writing: the bucket to go on with,
  Bucket* current_ = nullptr;                     // and that bucket, from find_current() until one is dropped
};

}  // namespace weir
