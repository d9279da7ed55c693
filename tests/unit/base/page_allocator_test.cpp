// Arrays on large pages.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include <weir/base/page_allocator.hpp>

using namespace weir;

TEST_CASE("arrays of any size keep what is written to them") {
  for (const std::size_t count : {std::size_t{1}, std::size_t{1000}, std::size_t{1} << 18, (std::size_t{1} << 18) + 1, std::size_t{3'000'000}}) {
    CAPTURE(count);
    std::vector<std::uint64_t, PageAllocator<std::uint64_t>> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = i * 7;
    numbers.resize(count + 1, 1);
    for (std::size_t i = 0; i < count; ++i) REQUIRE(numbers[i] == i * 7);
  }
}

TEST_CASE("large arrays begin on a huge page") {
  std::vector<char, PageAllocator<char>> bytes(detail::kHugePage);
  CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % detail::kHugePage == 0);
}

TEST_CASE("what no machine has is refused") {
  CHECK_THROWS_AS((void)PageAllocator<char>().allocate(std::numeric_limits<std::size_t>::max() - 5), std::bad_alloc);
}
