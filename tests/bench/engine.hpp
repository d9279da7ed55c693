// Running a pipeline in this process, and a sink that folds what it gets into a checksum: what a loop does with its
// results, so that neither side keeps or prints them.
#pragma once

#include <atomic>
#include <memory>

#include <weir/actors/embedded_job.hpp>
#include <weir/weir.hpp>

#include "harness.hpp"

namespace bench {

/// Runs the pipeline to its end. Throws what made it fail. The job is still there, to be looked at.
std::shared_ptr<weir::EmbeddedJob> run_to_end(weir::Pipeline& pipeline, weir::EmbeddedJobOptions options = {},
                                              std::unique_ptr<weir::CheckpointStore> store = nullptr);

/// A sink that adds up fold(record) of all records.
template <class F>
struct FoldInto {
  F fold;
  std::shared_ptr<std::atomic<std::uint64_t>> total;  // shared with the writers and with who reads it

  template <class T>
  class Writer final : public weir::SinkWriter<T> {
   public:
    explicit Writer(FoldInto sink) : sink_(std::move(sink)) {}
    void write(weir::Batch<T>& batch) override {
      std::uint64_t sum = 0;
      for (const T& record : batch.records) sum += sink_.fold(record);
      sum_ += sum;
    }
    void finish() override { *sink_.total += sum_; }

   private:
    FoldInto sink_;
    std::uint64_t sum_ = 0;
  };

  template <class T>
  std::unique_ptr<weir::SinkWriter<T>> make() const {
    return std::make_unique<Writer<T>>(*this);
  }
};

/// Runs a pipeline that `build` makes of a sink that folds, on one worker thread: what one core does, as the loop is one core's.
template <class F, class Build>
Outcome run_engine(F fold, Build&& build) {
  auto total = std::make_shared<std::atomic<std::uint64_t>>(0);
  weir::Pipeline pipeline("bench");
  build(pipeline, FoldInto<F>{fold, total});
  auto job = run_to_end(pipeline, {.threads = 1});
  return {total->load(), std::move(job)};
}

}  // namespace bench
