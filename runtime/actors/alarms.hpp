// An actor that wants to be woken at a time sends itself a delayed message, which cannot be taken back. If every wish sent
// one, and every message that comes renewed the wish, their number would grow without end. So a wish is covered by any
// message that comes as early, and whoever is woken must renew the wishes that are still to come. Pure.
#pragma once

#include <set>

#include <weir/base/time.hpp>

namespace weir {

class Alarms {
 public:
  /// Whether a message for `time` must be sent now: none that comes as early is on its way.
  [[nodiscard]] bool set(ProcessingTime time) {
    if (!under_way_.empty() && *under_way_.begin() <= time) return false;
    under_way_.insert(time);
    return true;
  }
  /// The message for `time` has come.
  void rang(ProcessingTime time) { under_way_.erase(time); }

  std::size_t under_way() const { return under_way_.size(); }

 private:
  std::set<ProcessingTime> under_way_;
};

}  // namespace weir
