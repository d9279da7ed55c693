#include <weir/base/time.hpp>

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("of several times that may be absent, the earliest that is there counts") {
  constexpr ProcessingTime kSooner{10};
  constexpr ProcessingTime kLater{20};
  CHECK(earliest({kLater, std::nullopt, kSooner}) == kSooner);
  CHECK(earliest({kSooner, kLater}) == kSooner);
  CHECK(earliest({std::nullopt, kLater}) == kLater);
  CHECK(earliest({std::nullopt, std::nullopt}) == std::nullopt);
  CHECK(earliest({}) == std::nullopt);
}
