// Large arrays that are touched all over, as a hash table's are, spend much of their time on translating addresses when they
// lie on pages of 4 KiB. From 2 MiB on, this allocator asks the system for memory on huge pages (transparent ones; where
// there are none, ordinary pages do). Memory that was never written to costs nothing, so an array may be larger than its
// content. Thread-safe.
#pragma once

#include <cstddef>
#include <new>

namespace weir {

namespace detail {
constexpr std::size_t kHugePage = 2 * 1024 * 1024;  // bytes, on x86-64 and on ARM with pages of 4 KiB

/// At least `bytes`, aligned to a huge page. Throws std::bad_alloc.
void* map_pages(std::size_t bytes);
/// What map_pages gave for as many bytes.
void unmap_pages(void* memory, std::size_t bytes) noexcept;
}  // namespace detail

/// For standard containers.
template <class T>
struct PageAllocator {
  using value_type = T;

  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return static_cast<T*>(bytes < detail::kHugePage ? ::operator new(bytes, kAlignment) : detail::map_pages(bytes));
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < detail::kHugePage) ::operator delete(memory, kAlignment);
    else detail::unmap_pages(memory, bytes);
  }

  friend bool operator==(const PageAllocator&, const PageAllocator&) { return true; }

 private:
  static constexpr auto kAlignment = std::align_val_t(alignof(T));
};

}  // namespace weir
