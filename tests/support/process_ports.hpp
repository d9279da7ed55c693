// Which processes serve what: for tests that speak to ports nobody told them of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weir::testing {

/// Processes whose command line holds these words one after the other.
std::vector<pid_t> processes_with(const std::vector<std::string>& words);
/// The TCP ports that a process listens on.
std::vector<std::uint16_t> listening_ports(pid_t process);
/// Of a process, in memory.
std::size_t resident_bytes(pid_t process);

}  // namespace weir::testing
