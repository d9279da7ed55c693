// A daemon takes its ports late: when it listens it has begun a cluster already, or an incarnation. So it looks first whether it
// can have them.
#pragma once

#include <string>

#include <weir/base/address.hpp>
#include <weir/base/result.hpp>

namespace weir {

/// The Error names the option by which another address is given.
Result<void> check_free(const Address& address, const std::string& option);

}  // namespace weir
