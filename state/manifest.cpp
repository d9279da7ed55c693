#include <weir/state/manifest.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "manifest.capnp.h"

namespace weir {
namespace {

schema::ManifestKind to_stored(ManifestKind kind) {
  return kind == ManifestKind::Savepoint ? schema::ManifestKind::SAVEPOINT
                                         : schema::ManifestKind::CHECKPOINT;
}

std::optional<ManifestKind> from_stored(schema::ManifestKind kind) {
  switch (kind) {
    case schema::ManifestKind::CHECKPOINT:
      return ManifestKind::Checkpoint;
    case schema::ManifestKind::SAVEPOINT:
      return ManifestKind::Savepoint;
  }
  return std::nullopt;
}

schema::ChunkKind to_stored(ChunkKind kind) {
  switch (kind) {
    case ChunkKind::Entries:
      return schema::ChunkKind::ENTRIES;
    case ChunkKind::Tombstones:
      return schema::ChunkKind::TOMBSTONES;
    case ChunkKind::Split:
      return schema::ChunkKind::SPLIT;
    case ChunkKind::Union:
      return schema::ChunkKind::UNION;
    case ChunkKind::InFlight:
      return schema::ChunkKind::IN_FLIGHT;
    case ChunkKind::Own:
      break;
  }
  WEIR_CHECK(false, "a chunk of this kind is never stored", static_cast<int>(kind));
  return {};
}

std::optional<ChunkKind> from_stored(schema::ChunkKind kind) {
  switch (kind) {
    case schema::ChunkKind::ENTRIES:
      return ChunkKind::Entries;
    case schema::ChunkKind::TOMBSTONES:
      return ChunkKind::Tombstones;
    case schema::ChunkKind::SPLIT:
      return ChunkKind::Split;
    case schema::ChunkKind::UNION:
      return ChunkKind::Union;
    case schema::ChunkKind::IN_FLIGHT:
      return ChunkKind::InFlight;
  }
  return std::nullopt;
}

std::string text(capnp::Text::Reader stored) { return {stored.begin(), stored.size()}; }

std::vector<std::byte> flatten(capnp::MessageBuilder& message) {
  const auto flat = capnp::messageToFlatArray(message);
  const auto bytes = flat.asBytes();
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.begin());
  return {begin, begin + bytes.size()};
}

/// Reads a message out of bytes; `read` gets its root. Any damage becomes an Error that starts with `what`.
template <class Root, class T>
Result<T> parse(std::span<const std::byte> bytes, const std::string& what,
                const std::function<Result<T>(typename Root::Reader)>& read) {
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) {
    return Error{what + " is cut off: " + std::to_string(bytes.size()) +
                 " bytes are not whole words"};
  }
  std::vector<capnp::word> words(bytes.size() /
                                 sizeof(capnp::word));  // the reader wants aligned words
  std::memcpy(words.data(), bytes.data(), bytes.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words.size() * 2 + 64;
    options.nestingLimit = 8;
    capnp::FlatArrayMessageReader message(kj::arrayPtr(words.data(), words.size()), options);
    return read(message.getRoot<Root>());
  } catch (const kj::Exception& exception) {
    return Error{what + " cannot be read: " + exception.getDescription().cStr()};
  }
}

using TableIndex = std::map<std::pair<std::string, std::string>, capnp::uint>;

TableIndex tables_of(const Manifest& manifest) {
  TableIndex tables;
  for (const OperatorParts& operator_parts : manifest.operators) {
    for (const PartReference& part : operator_parts.parts)
      tables.try_emplace({part.table, part.schema}, 0);
  }
  capnp::uint next = 0;
  for (auto& [table, index] : tables) index = next++;
  return tables;
}

void write_part(const PartReference& part, const TableIndex& tables, schema::Part::Builder stored) {
  stored.setCheckpoint(part.chunk.checkpoint);
  stored.setOperator(part.chunk.operator_index);
  stored.setTask(part.chunk.task);
  stored.setSequence(part.chunk.sequence);
  stored.setTable(tables.at({part.table, part.schema}));
  stored.setKind(to_stored(part.kind));
  stored.setRows(part.rows);
  stored.setBytes(part.bytes);
  stored.setFirstGroup(part.groups.first);
  stored.setEndGroup(part.groups.end);
}

Result<OperatorParts> read_operator(
    schema::Operator::Reader stored,
    const std::vector<std::pair<std::string, std::string>>& tables) {
  OperatorParts result{.name = text(stored.getName()),
                       .operator_index = stored.getIndex(),
                       .parallelism = stored.getParallelism(),
                       .parts = {}};
  const auto parts = stored.getParts();  // once: every call counts against the traversal limit
  result.parts.reserve(parts.size());
  for (const auto part : parts) {
    const auto kind = from_stored(part.getKind());
    if (part.getTable() >= tables.size() || !kind) {
      return Error{"a manifest cannot be read: a part of operator " + result.name + " has table " +
                   std::to_string(part.getTable()) + " and kind " +
                   std::to_string(static_cast<int>(part.getKind())) + ", which do not exist"};
    }
    const auto& [table, schema] = tables[part.getTable()];
    result.parts.push_back({
        .chunk = {part.getCheckpoint(), part.getOperator(), part.getTask(), part.getSequence()},
        .table = table,
        .kind = *kind,
        .schema = schema,
        .rows = part.getRows(),
        .bytes = part.getBytes(),
        .groups = {part.getFirstGroup(), part.getEndGroup()},
    });
  }
  return result;
}

Result<Manifest> read_manifest(schema::Manifest::Reader root) {
  const auto kind = from_stored(root.getKind());
  if (!kind)
    return Error{"a manifest cannot be read: it is neither a checkpoint's nor a savepoint's"};
  Manifest manifest{.checkpoint = root.getCheckpoint(),
                    .job = text(root.getJob()),
                    .attempt = root.getAttempt(),
                    .completed_ms = root.getCompletedMs(),
                    .key_groups = root.getKeyGroups(),
                    .kind = *kind,
                    .weir_version = text(root.getWeirVersion()),
                    .operators = {}};
  std::vector<std::pair<std::string, std::string>> tables;
  for (const auto table : root.getTables())
    tables.emplace_back(text(table.getName()), text(table.getSchema()));
  for (const auto stored : root.getOperators()) {
    auto parts = read_operator(stored, tables);
    if (!parts.ok()) return parts.error();
    manifest.operators.push_back(std::move(parts).value());
  }
  return manifest;
}

}  // namespace

std::vector<ChunkId> chunks_of(std::span<const Manifest> manifests) {
  std::vector<ChunkId> chunks;
  for (const Manifest& manifest : manifests) {
    for (const OperatorParts& operator_parts : manifest.operators) {
      for (const PartReference& part : operator_parts.parts) chunks.push_back(part.chunk);
    }
  }
  std::sort(chunks.begin(), chunks.end());
  chunks.erase(std::unique(chunks.begin(), chunks.end()), chunks.end());
  return chunks;
}

std::string to_text(const ChunkId& id) {
  return std::to_string(id.checkpoint) + '/' + std::to_string(id.operator_index) + '/' +
         std::to_string(id.task) + '/' + std::to_string(id.sequence);
}

std::vector<std::byte> encode(const Manifest& manifest) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Manifest>();
  root.setCheckpoint(manifest.checkpoint);
  root.setJob(manifest.job);
  root.setAttempt(manifest.attempt);
  root.setCompletedMs(manifest.completed_ms);
  root.setKeyGroups(manifest.key_groups);
  root.setKind(to_stored(manifest.kind));
  root.setWeirVersion(manifest.weir_version);

  const TableIndex tables = tables_of(manifest);
  auto stored_tables = root.initTables(static_cast<capnp::uint>(tables.size()));
  for (const auto& [table, index] : tables) {
    stored_tables[index].setName(table.first);
    stored_tables[index].setSchema(table.second);
  }
  auto operators = root.initOperators(static_cast<capnp::uint>(manifest.operators.size()));
  for (capnp::uint i = 0; i < operators.size(); ++i) {
    const OperatorParts& source = manifest.operators[i];
    operators[i].setName(source.name);
    operators[i].setIndex(source.operator_index);
    operators[i].setParallelism(source.parallelism);
    auto parts = operators[i].initParts(static_cast<capnp::uint>(source.parts.size()));
    for (capnp::uint k = 0; k < parts.size(); ++k) write_part(source.parts[k], tables, parts[k]);
  }
  return flatten(message);
}

std::vector<std::byte> encode(const StoreIdentity& identity) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Identity>();
  root.setFormat(identity.format);
  root.setKind(to_stored(identity.kind));
  root.setJob(identity.job);
  root.setWeirVersion(identity.weir_version);
  return flatten(message);
}

Result<Manifest> decode_manifest(std::span<const std::byte> bytes) {
  return parse<schema::Manifest, Manifest>(bytes, "a manifest", read_manifest);
}

Result<StoreIdentity> decode_identity(std::span<const std::byte> bytes) {
  return parse<schema::Identity, StoreIdentity>(
      bytes, "the store's identity", [](schema::Identity::Reader root) -> Result<StoreIdentity> {
        // A kind that only a newer format has is told apart by the format, so it is no error here.
        return StoreIdentity{.format = root.getFormat(),
                             .kind = from_stored(root.getKind()).value_or(ManifestKind::Checkpoint),
                             .job = text(root.getJob()),
                             .weir_version = text(root.getWeirVersion())};
      });
}

}  // namespace weir
