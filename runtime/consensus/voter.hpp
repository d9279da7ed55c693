// A member of the cluster that has a vote. A value.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

struct Voter {
  std::uint64_t id = 0;  // never 0; made with the member's directory, so an emptied directory is another member
  std::string address;   // what the transport understands; unique among the voters, at most 512 bytes

  friend bool operator==(const Voter&, const Voter&) = default;
};

}  // namespace weir
