// Credit bounds what is in flight on a channel. The sender spends one credit per batch; the receiver grants
// credit when it consumes (I2), and sizes the window so that what is in flight takes about a target time
// to drain: a fast channel gets many batches, a slow one few and small ones.
//
//   outstanding + queued <= window    (I3)
#pragma once

#include <algorithm>
#include <cstdint>

#include <weir/base/time.hpp>

namespace weir {

/// What a receiver tells a sender.
struct Grant {
  std::uint32_t credits = 0;
  std::uint32_t batch_records = 0;  // how large a batch should be at the most
};

/// A window that never closes: the credit of channels that close a loop, where waiting for credit could wait for itself.
constexpr std::uint32_t kUnlimitedWindow = 1u << 30;

struct CreditOptions {
  std::uint32_t window = 8;              // batches; fewer stall a local hop, more only add latency
  std::uint32_t remote_window = 32;      // of all channels of a task that come from other processes, whose hops take longer
  std::uint32_t smallest_window = 2;     // one being consumed while the next is under way
  std::uint32_t batch_records = 1024;
  std::uint32_t first_batch = 64;        // records, before the receiver has measured anything: it may be slow
  std::uint32_t smallest_batch = 8;      // records; below, the hop costs more than the records
  Duration in_flight{200};               // how long the window should take to drain

  std::uint32_t initial_batch() const { return std::min(first_batch, batch_records); }
};

/// The receiver's side of one channel. Starts with the window that the sender has from the beginning, and makes it no larger than
/// `largest`.
class CreditWindow {
 public:
  explicit CreditWindow(const CreditOptions& options) : CreditWindow(options, options.window) {}
  CreditWindow(const CreditOptions& options, std::uint32_t largest)
      : options_(options), largest_(largest), window_(options.window), issued_(options.window), batch_(options.initial_batch()) {}

  /// A batch was consumed in `spent` nanoseconds of the task's time. Tells what to grant: nothing until it is half the
  /// window, since a message costs as much as many records and wakes a sender that then sends one batch.
  Grant consumed(std::size_t records, std::int64_t spent_ns) {
    adapt(records, spent_ns);
    --issued_;
    const std::uint32_t free = issued_ < window_ ? window_ - issued_ : 0;
    const std::uint32_t credits = free >= std::max(1U, window_ / 2) ? free : 0;
    issued_ += credits;
    return {credits, batch_};
  }

  /// Credits the sender holds plus batches not consumed.
  std::uint32_t issued() const { return issued_; }
  std::uint32_t window() const { return window_; }

 private:
  void adapt(std::size_t records, std::int64_t spent_ns) {
    if (records == 0 || spent_ns <= 0) return;
    const double sample = static_cast<double>(spent_ns) / static_cast<double>(records);
    record_ns_ = record_ns_ == 0 ? sample : record_ns_ + (sample - record_ns_) / 4;
    const double fits = static_cast<double>(options_.in_flight.count()) * 1e6 / record_ns_;  // records
    const double wanted = fits / options_.smallest_window / 2;
    const std::uint32_t smallest = std::min(options_.smallest_batch, options_.batch_records);
    batch_ = static_cast<std::uint32_t>(std::clamp(wanted, double(smallest), double(options_.batch_records)));
    if (options_.window == kUnlimitedWindow) return;
    const double batches = fits / batch_;
    window_ = static_cast<std::uint32_t>(std::clamp(batches, double(options_.smallest_window), double(largest_)));
  }

  CreditOptions options_;
  std::uint32_t largest_;
  std::uint32_t window_;
  std::uint32_t issued_;
  std::uint32_t batch_;
  double record_ns_ = 0;  // time per record, exponentially smoothed
};

}  // namespace weir
