// All state of one operator in one task, by name. Declaring a table makes it, restores what the checkpoint
// has for it, and from then on every snapshot includes it: operators and users write no snapshot code.
// Owns the tables; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/state/bucket_table.hpp>
#include <weir/state/list_state.hpp>
#include <weir/state/state_table.hpp>

namespace weir {

/// Where a task stands among those of its operator, and whether its changes must be recorded.
struct StateScope {
  std::string operator_name;
  std::uint32_t task = 0;
  std::uint32_t parallelism = 1;
  KeyOwnership ownership;
  bool checkpointed = false;
};

class OperatorState {
 public:
  explicit OperatorState(StateScope scope, std::vector<StateChunk> restored = {})
      : scope_(std::move(scope)), restored_(std::move(restored)), has_restored_(!restored_.empty()) {}

  /// Declares keyed state. Throws Failure when the name is taken or the stored state cannot be read.
  template <Key K, Record V>
  StateTable<K, V>& table(const std::string& name) {
    return add(name, std::make_unique<StateTable<K, V>>(name, scope_.ownership, tracking()));
  }

  /// The same for state that comes and goes by the bucket.
  template <Key K, Record V>
  BucketTable<K, V>& buckets(const std::string& name) {
    return add(name, std::make_unique<BucketTable<K, V>>(name, scope_.ownership, tracking()));
  }

  /// Declares state of the task: ChunkKind::Split or ChunkKind::Union.
  template <Record T>
  std::vector<T>& list(const std::string& name, ChunkKind kind) {
    return add(name, std::make_unique<ListState<T>>(name, kind, scope_.task, scope_.parallelism)).items;
  }

  /// Declares state that is neither, under the name it writes into its chunks.
  template <class Made>
  Made& declare(const std::string& name, std::unique_ptr<Made> made) { return add(name, std::move(made)); }

  const StateScope& scope() const { return scope_; }

  /// Whether this run continues an earlier one in which the operator had state.
  bool restored() const { return has_restored_; }

  /// Names of stored tables that nothing declared. Call after the operator was opened.
  std::vector<std::string> unclaimed() const;

  void freeze(SnapshotMode mode);
  /// True once every table has written its frozen content.
  bool write_some(std::size_t budget, const ChunkSink& sink);
  void discard();

  std::size_t memory_bytes() const;

 private:
  SlotMarks::Tracking tracking() const { return scope_.checkpointed ? SlotMarks::Tracking::On : SlotMarks::Tracking::Off; }

  template <class Made>
  Made& add(const std::string& name, std::unique_ptr<Made> made) {
    Made& table = *made;
    insert(name, std::move(made));
    return table;
  }
  void insert(const std::string& name, std::unique_ptr<Table> table);

  StateScope scope_;
  std::vector<StateChunk> restored_;
  bool has_restored_;
  std::map<std::string, std::unique_ptr<Table>> tables_;
};

}  // namespace weir
