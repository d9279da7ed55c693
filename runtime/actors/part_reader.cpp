#include <weir/actors/part_reader.hpp>

#include <algorithm>

#include <weir/actors/stored_state.hpp>
#include <weir/base/bytes.hpp>

namespace weir {
namespace {

constexpr std::uint64_t kRequestBytes = 8 << 20;

wire::PartName name_of_part(const ChunkId& id) { return {id.checkpoint, id.operator_index, id.task, id.sequence}; }

}  // namespace

PartReader::PartReader(Manifest manifest, const Plan& plan, const std::vector<bool>& here) : manifest_(std::move(manifest)) {
  for (const OperatorParts& op : manifest_.operators) {
    for (const PartReference& part : op.parts) {
      if (wanted(op, part, plan, here)) wanted_.push_back(&part);
    }
  }
  missing_ = wanted_.size();
}

bool PartReader::wanted(const OperatorParts& op, const PartReference& part, const Plan& plan, const std::vector<bool>& here) const {
  if (part.kind != ChunkKind::Entries && part.kind != ChunkKind::Tombstones) return true;
  bool known = false;
  for (std::uint32_t task = 0; task < plan.tasks.size(); ++task) {
    const Vertex& vertex = plan.vertices[plan.tasks[task].vertex];
    const bool runs_it = std::any_of(vertex.nodes.begin(), vertex.nodes.end(), [&](NodeId node) { return plan.graph.nodes[node].name == op.name; });
    if (!runs_it) continue;
    known = true;
    const KeyGroupRange mine = groups_of_task(plan.tasks[task].index, vertex.parallelism, plan.options.key_groups);
    if (here[task] && part.groups.first < mine.end && mine.first < part.groups.end) return true;
  }
  return !known;  // so that its operator is missed by name
}

std::optional<wire::ReadParts> PartReader::next() {
  if (asked_ == wanted_.size()) return std::nullopt;
  wire::ReadParts request;
  request.request = ++request_;
  for (std::uint64_t bytes = 0; asked_ < wanted_.size() && bytes < kRequestBytes; ++asked_) {
    bytes += wanted_[asked_]->bytes;
    request.parts.push_back(name_of_part(wanted_[asked_]->chunk));
  }
  return request;
}

Result<void> PartReader::take(wire::PartsRead answer) {
  if (!answer.error.empty()) return Error{answer.error};
  for (wire::PartBytes& part : answer.parts) {
    const bool added = bytes_.emplace(wire::PartName{part.checkpoint, part.node, part.index, part.sequence}, std::move(part.bytes)).second;
    if (added && missing_ > 0) --missing_;
  }
  return {};
}

Result<StoredJob> PartReader::job() const {
  return assemble(manifest_, [&](const ChunkId& chunk) -> Result<std::optional<Columns>> {
    const auto found = bytes_.find(name_of_part(chunk));
    if (found == bytes_.end()) return std::optional<Columns>();  // of other workers
    auto block = unpack(as_span(found->second));
    if (!block) return Error{"part " + to_text(chunk) + ": " + block.error().message};
    return std::optional(std::move(block).or_throw());
  });
}

}  // namespace weir
