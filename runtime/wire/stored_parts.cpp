#include <weir/wire/stored_parts.hpp>

#include <string>

namespace weir::wire {

StoredParts to_stored_parts(const TaskStored& stored) {
  StoredParts parts;
  parts.mode = stored.full ? SnapshotMode::Full : SnapshotMode::Delta;
  for (const StoredPart& part : stored.parts) {
    PartReference reference;
    reference.chunk = {part.checkpoint, part.node, part.index, part.sequence};
    reference.table = part.table;
    if (part.kind > static_cast<std::uint8_t>(ChunkKind::InFlight)) throw Failure("a part of kind " + std::to_string(part.kind));
    reference.kind = static_cast<ChunkKind>(part.kind);
    reference.schema = part.schema;
    reference.rows = part.rows;
    reference.bytes = part.bytes;
    reference.groups = {part.first_group, part.end_group};
    parts.parts[part.node].push_back(std::move(reference));
  }
  return parts;
}

}  // namespace weir::wire
