// Which seeds a simulation runs: from WEIR_FIRST_SEED on as many as WEIR_SEEDS says, or the one of WEIR_SEED alone, which repeats
// a run that failed.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace weir::testing {

inline std::uint64_t number_from_environment(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Seeds {
  /// So many from 1 on, unless the environment says otherwise.
  explicit Seeds(std::uint64_t usual)
      : replay(std::getenv("WEIR_SEED") != nullptr),
        first(replay ? number_from_environment("WEIR_SEED", 0) : number_from_environment("WEIR_FIRST_SEED", 1)),
        count(replay ? 1 : number_from_environment("WEIR_SEEDS", usual)) {}

  std::uint64_t end() const { return first + count; }

  bool replay;  // what all runs are to have gone through together is not asked of one
  std::uint64_t first;
  std::uint64_t count;
};

}  // namespace weir::testing
