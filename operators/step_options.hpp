// What every operation may be told: .map(parse, {.name = "parse", .parallelism = 2}).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace weir {

enum class Fuse : std::uint8_t { Yes, No };

struct StepOptions {
  std::string name = {};                     // empty: after the operation
  std::optional<std::uint32_t> parallelism = {};  // empty: the job's
  Fuse fuse = Fuse::Yes;                     // whether it may share a task with its neighbours
};

}  // namespace weir
