// Ports for servers of tests.
#pragma once

#include <cstdint>

namespace weir::testing {

/// A port of loopback that nobody has now.
std::uint16_t free_port();

}  // namespace weir::testing
