#include <weir/base/page_allocator.hpp>

#include <cstdint>

#include <sys/mman.h>

namespace weir::detail {
namespace {

std::size_t whole_pages(std::size_t bytes) { return (bytes + kHugePage - 1) / kHugePage * kHugePage; }

}  // namespace

void* map_pages(std::size_t bytes) {
  const std::size_t size = whole_pages(bytes);
  if (size < bytes) throw std::bad_alloc();
  void* const mapped = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
  const std::size_t before = (kHugePage - begin % kHugePage) % kHugePage;  // up to the first huge page
  char* const memory = static_cast<char*>(mapped) + before;
  if (before > 0) munmap(mapped, before);
  if (before < kHugePage) munmap(memory + size, kHugePage - before);
  madvise(memory, size, MADV_HUGEPAGE);  // a wish: without huge pages all is the same, only slower
  return memory;
}

void unmap_pages(void* memory, std::size_t bytes) noexcept { munmap(memory, whole_pages(bytes)); }

}  // namespace weir::detail
