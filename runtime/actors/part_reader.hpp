// What a worker needs of a checkpoint: the parts of its tasks' key groups, and all that is not keyed, since who gets it is
// decided by what it says. Asks for them in pieces and puts them together. Plain; the worker's actor drives it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <weir/coordination/restore.hpp>
#include <weir/graph/plan.hpp>
#include <weir/state/manifest.hpp>
#include <weir/wire/control.hpp>

namespace weir {

class PartReader {
 public:
  /// `here` tells which tasks of the plan the worker runs. The plan outlives the reader.
  PartReader(Manifest manifest, const Plan& plan, const std::vector<bool>& here);

  /// The next parts to ask for, some MiB; nothing when all have been asked for.
  std::optional<wire::ReadParts> next();
  /// An Error when it is no answer, or a part is not what the manifest says.
  Result<void> take(wire::PartsRead answer);
  bool complete() const { return missing_ == 0; }

  /// Everything, unpacked.
  Result<StoredJob> job() const;

 private:
  bool wanted(const OperatorParts& op, const PartReference& part, const Plan& plan, const std::vector<bool>& here) const;

  Manifest manifest_;
  std::vector<const PartReference*> wanted_;  // in the order in which they are asked for
  std::size_t asked_ = 0;
  std::size_t missing_ = 0;
  std::uint64_t request_ = 0;
  std::map<wire::PartName, std::string> bytes_;
};

}  // namespace weir
