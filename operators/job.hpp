// Defines a job and its main:
//
//   WEIR_JOB(word_count) {            // (weir::Pipeline& pipeline, const weir::Options& options)
//     pipeline.source(…)…;
//   }
#pragma once

#include <weir/graph/program.hpp>
#include <weir/operators/pipeline.hpp>

namespace weir {

using BuildFunction = void (*)(Pipeline& pipeline, const Options& options);

/// The definition of a job built by a function. The function may rename the job with pipeline.rename(): a job's name says
/// which stored state is its own.
JobDefinition define_job(std::string name, BuildFunction build);

}  // namespace weir

#define WEIR_JOB(name)                                                                       \
  using namespace std::chrono_literals;                                                      \
  static void weir_build_##name(weir::Pipeline& pipeline, const weir::Options& options);      \
  int main(int argc, char** argv) {                                                          \
    return weir::run_program(argc, argv, weir::define_job(#name, weir_build_##name));         \
  }                                                                                          \
  static void weir_build_##name([[maybe_unused]] weir::Pipeline& pipeline, [[maybe_unused]] const weir::Options& options)
