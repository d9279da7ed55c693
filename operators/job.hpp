// Defines a job: as a program, with its main, and as a bundle, with what a node looks for in it.
//
//   WEIR_JOB(word_count) {            // (weir::Pipeline& pipeline, const weir::Options& options)
//     pipeline.source(…)…;
//   }
//
// A bundle has a mark, which is read before it is loaded, and an entry, which is called afterwards: node/bundle.hpp.
#pragma once

#include <weir/graph/bundle_mark.hpp>
#include <weir/graph/program.hpp>
#include <weir/operators/pipeline.hpp>

namespace weir {

using BuildFunction = void (*)(Pipeline& pipeline, const Options& options);

/// The definition of a job built by a function. The function may rename the job with pipeline.rename(): a job's name says
/// which stored state is its own.
JobDefinition define_job(std::string name, BuildFunction build);

}  // namespace weir

#define WEIR_JOB(name)                                                                                                \
  using namespace std::chrono_literals;                                                                               \
  static void weir_build_##name(weir::Pipeline& pipeline, const weir::Options& options);                              \
  extern "C" {                                                                                                        \
  [[gnu::visibility("default")]] extern const std::array<char, weir::kBundleMarkBytes> weir_bundle_mark;              \
  [[gnu::used]] constinit const std::array<char, weir::kBundleMarkBytes> weir_bundle_mark = weir::bundle_mark(#name); \
  [[gnu::visibility("default")]] void weir_bundle_job(weir::JobDefinition& job) {                                     \
    job = weir::define_job(#name, weir_build_##name);                                                                 \
  }                                                                                                                   \
  }                                                                                                                   \
  int main(int argc, char** argv) {                                                                                   \
    return weir::run_program(argc, argv, weir::define_job(#name, weir_build_##name));                                 \
  }                                                                                                                   \
  static void weir_build_##name([[maybe_unused]] weir::Pipeline& pipeline, [[maybe_unused]] const weir::Options& options)
