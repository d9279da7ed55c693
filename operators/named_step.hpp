// Stored state finds its operator by name, so that an operator with state cannot go without one.
#pragma once

#include <weir/base/result.hpp>
#include <weir/operators/step_options.hpp>

namespace weir {

/// The options with the name that a stateful operation was given. Throws Failure when that is empty.
inline StepOptions named(const std::string& verb, const std::string& name, StepOptions options) {
  if (name.empty()) throw Failure(verb + ": the operator has state and no name; name it: ." + verb + "(\"name\", ...)");
  options.name = name;
  return options;
}

}  // namespace weir
