// What a write to disk must have reached before the call returns.
#pragma once

#include <cstdint>

namespace weir {

enum class Durability : std::uint8_t {
  Later,  // survives the death of the process; a power loss only once something after it was written with Now
  Now,    // with all before it, survives a power loss
};

}  // namespace weir
