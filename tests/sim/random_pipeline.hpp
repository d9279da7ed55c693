// A random pipeline and what must come out of it. The same seed gives the same pipeline at any parallelism; its expected
// results are computed from the same records, step by step, on plain vectors.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sim/steps.hpp"

namespace weir::sim {

/// Steps belong to one of three classes; all steps of a class have the same parallelism.
using Parallelism = std::array<std::uint32_t, 3>;

/// What a sink must have in the end.
struct Expected {
  std::string sink;
  Events events;
  bool ordered = false;  // the records of a key in this order; otherwise in any
};

struct RandomPipeline {
  JobGraph graph;
  std::vector<Expected> expected;
  bool order_matters = false;  // whether some result depends on the order of a key's records
};

struct PipelineWorld {
  std::uint64_t seed = 0;
  Parallelism parallelism{1, 1, 1};
  std::shared_ptr<std::mt19937_64> random;  // for what may differ from run to run
  Ledger* ledger = nullptr;
};

RandomPipeline make_pipeline(const PipelineWorld& world);

}  // namespace weir::sim
