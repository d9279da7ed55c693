// A source and a sink for pipelines that are planned and never run.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/dataflow/sink_writer.hpp>
#include <weir/dataflow/source.hpp>

namespace weir::testing {

struct Numbers {
  using Record = std::int64_t;
  std::unique_ptr<Source<std::int64_t>> make() const { return nullptr; }
};

struct Nowhere {
  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const { return nullptr; }
};

}  // namespace weir::testing
