// The records of a batch. They belong to it, and then they can be changed and moved away; or they are shared with other
// batches, or with a collection in memory, and can only be read, until own() makes a copy. So a stream with several
// consumers, of which most only read, is not copied for each of them.
//
// Reading goes through the container itself, changing through own(). A value.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

template <class T>
class Records {
 public:
  using value_type = T;

  Records() = default;
  Records(std::vector<T> records) : own_(std::move(records)) {}  // NOLINT(google-explicit-constructor): that is what they are

  /// `count` records from `first` on, of a vector that nobody changes any more.
  static Records part_of(std::shared_ptr<const std::vector<T>> owner, std::size_t first, std::size_t count) {
    Records records;
    records.shared_ = owner->data() + first;
    records.size_ = count;
    records.owner_ = std::move(owner);
    return records;
  }

  /// Another batch's records that are the same ones. From now on both share them.
  Records share() {
    if (!owner_) {
      auto owner = std::make_shared<std::vector<T>>(std::move(own_));
      own_.clear();
      shared_ = owner->data();
      size_ = owner->size();
      released_ = owner.get();
      owner_ = std::move(owner);
    }
    return *this;
  }

  bool is_shared() const { return owner_ != nullptr; }

  std::size_t size() const { return owner_ ? size_ : own_.size(); }
  bool empty() const { return size() == 0; }
  const T* data() const { return owner_ ? shared_ : own_.data(); }
  const T& operator[](std::size_t i) const { return data()[i]; }
  const T& front() const { return *data(); }
  const T& back() const { return data()[size() - 1]; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }

  /// The records to change. Copies those that others read too.
  std::vector<T>& own() {
    if (owner_) [[unlikely]] take();
    return own_;
  }

  /// Record i: moved out, unless others read it too.
  T take(std::size_t i) {
    if (owner_) return shared_[i];
    return std::move(own_[i]);
  }

  void reserve(std::size_t count) { own().reserve(count); }
  void push_back(const T& record) { own().push_back(record); }
  [[gnu::always_inline]] void push_back(T&& record) { own().push_back(std::move(record)); }

 private:
  [[gnu::noinline]] void take() {
    if (released_ && owner_.use_count() == 1) {
      std::atomic_thread_fence(std::memory_order_acquire);  // what others have read, they read before they let go
      own_ = std::move(*released_);
    } else {
      own_.assign(begin(), end());
    }
    owner_.reset();
    shared_ = nullptr;
    size_ = 0;
    released_ = nullptr;
  }

  std::vector<T> own_;                           // unless owner_
  std::shared_ptr<const std::vector<T>> owner_;  // with batches that have some of its records too
  const T* shared_ = nullptr;
  std::size_t size_ = 0;                         // of shared_
  std::vector<T>* released_ = nullptr;           // *owner_, when batches alone own it
};

template <class T>
bool operator==(const Records<T>& records, const std::vector<T>& expected) {
  return std::vector<T>(records.begin(), records.end()) == expected;
}

}  // namespace weir
