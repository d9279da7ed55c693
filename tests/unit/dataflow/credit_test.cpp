// How much a receiver lets its sender have under way.
#include <doctest/doctest.h>

#include <weir/dataflow/credit.hpp>

using namespace weir;

namespace {

constexpr std::int64_t kFast = 1'000;            // nanoseconds for a batch
constexpr std::int64_t kSlow = 1'000'000'000;

/// Takes `batches` batches of 64 records, each as soon as it may be sent. The most that were under way at once.
std::uint32_t most_issued(CreditWindow& window, int batches, std::int64_t spent_ns) {
  std::uint32_t most = 0;
  for (int i = 0; i < batches && window.issued() > 0; ++i) {
    window.consumed(64, spent_ns);
    most = std::max(most, window.issued());
  }
  return most;
}

}  // namespace

TEST_CASE("a window that may grow begins with what the sender has, and grows when batches are taken fast") {
  const CreditOptions options{.window = 8};
  CreditWindow local(options);
  CreditWindow remote(options, 32);
  CHECK(remote.issued() == 8);
  CHECK(most_issued(local, 100, kFast) == 8);
  CHECK(most_issued(remote, 100, kFast) == 32);
  CHECK(remote.window() == 32);
}

TEST_CASE("a window that may grow does not when batches are taken slowly") {
  CreditWindow remote({.window = 8}, 32);
  CHECK(most_issued(remote, 100, kSlow) == 7);
  CHECK(remote.window() == 2);
}
