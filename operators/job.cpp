#include <weir/operators/job.hpp>

namespace weir {

JobDefinition define_job(std::string name, BuildFunction build) {
  return {name, "", [name, build](const Options& options) {
            Pipeline pipeline(name);
            build(pipeline, options);
            return std::move(pipeline.graph());
          }};
}

}  // namespace weir
