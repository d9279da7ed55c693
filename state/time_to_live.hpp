// State that nobody clears would grow for ever: one entry per user ever seen. A time to live lets an entry expire when
// it has not been written (or, if wanted, read) for that long, in processing time. An expired entry is never visible;
// it is removed when it is come across, and a little of each table is looked through with every batch and checkpoint.
//
// The deadline is stored with the entry. Entries written while the state had no time to live never expire; when
// the time to live is taken away, none do any more.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include <weir/record/codec.hpp>

namespace weir {

enum class Refresh : std::uint8_t { OnWrite, OnReadAndWrite };

struct StateOptions {
  std::optional<Duration> time_to_live = {};  // empty: for ever
  Refresh refresh = Refresh::OnWrite;         // what starts it anew
};

/// A value and the processing time at which it expires.
template <class T>
struct Kept {
  static constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();
  RecordOr<T> value{};
  std::int64_t expires_ms = kForEver;
};
template <class T>
constexpr auto weir_fields(const Kept<T>*) {
  return std::make_tuple(make_field("value", &Kept<T>::value), make_field("expires_ms", &Kept<T>::expires_ms));
}
template <class T>
constexpr std::string_view weir_record_name(const Kept<T>*) { return "Kept"; }

/// The rules of StateOptions. A value.
class TimeToLive {
 public:
  explicit TimeToLive(const StateOptions& options) : options_(options) {}

  bool limited() const { return options_.time_to_live.has_value(); }
  bool refreshed_by_reading() const { return limited() && options_.refresh == Refresh::OnReadAndWrite; }
  /// When something touched now expires.
  std::int64_t deadline(ProcessingTime now) const {
    return limited() ? (now + *options_.time_to_live).ms : Kept<Nothing>::kForEver;
  }
  bool expired(std::int64_t expires_ms, ProcessingTime now) const { return limited() && expires_ms <= now.ms; }

 private:
  StateOptions options_;
};

}  // namespace weir
