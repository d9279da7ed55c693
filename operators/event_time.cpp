#include <weir/operators/event_time.hpp>

namespace weir::detail {

void fail_no_time() {
  throw Failure("a record's event time is out of range: the least is " + std::to_string(EventTime::min().ms + 1) + " ms, found " +
                std::to_string(EventTime::min().ms));
}

}  // namespace weir::detail
