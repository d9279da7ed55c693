// The outside world of a simulated job, which outlives kills: what sinks published, and what went wrong on the way. A sink
// stages what it writes, puts it into state at a snapshot and publishes it when the checkpoint is complete; publishing the
// same transaction twice is the same as once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/event.hpp"

namespace weir::sim {

struct Transaction {
  CheckpointId checkpoint = 0;
  std::uint32_t task = 0;
  Events events;
};
WEIR_RECORD(Transaction, checkpoint, task, events);

struct Ledger {
  std::map<std::string, std::map<std::pair<CheckpointId, std::uint32_t>, Events>> published;  // by sink
  std::vector<std::string> faults;
  CheckpointId complete = 0;  // the newest complete checkpoint

  void publish(const std::string& sink, const Transaction& transaction) {
    if (transaction.checkpoint > complete) {
      faults.push_back("sink '" + sink + "' published checkpoint " + std::to_string(transaction.checkpoint) +
                       " when only " + std::to_string(complete) + " was complete");
    }
    const auto [entry, added] = published[sink].try_emplace({transaction.checkpoint, transaction.task}, transaction.events);
    if (!added && entry->second != transaction.events) {
      faults.push_back("sink '" + sink + "' published checkpoint " + std::to_string(transaction.checkpoint) +
                       " twice, with different records");
    }
  }

  /// All records of a sink; those of one key in the order in which they were written.
  Events events(const std::string& sink) const {
    Events all;
    const auto found = published.find(sink);
    if (found == published.end()) return all;
    for (const auto& [id, events] : found->second) all.insert(all.end(), events.begin(), events.end());
    return all;
  }
};

/// A sink description that writes to a ledger, which must outlive every task.
struct CollectExactlyOnce {
  Ledger* ledger;

  class Writer final : public SinkWriter<Event> {
   public:
    explicit Writer(Ledger& ledger) : ledger_(ledger) {}
    void open(OperatorContext& context) override {
      context_ = &context;
      staged_ = &context.state().list<Transaction>("staged", ChunkKind::Split);
    }
    void write(Batch<Event>& batch) override {
      open_.insert(open_.end(), batch.records.begin(), batch.records.end());
    }
    void before_snapshot(CheckpointId checkpoint) override {
      if (!open_.empty()) staged_->push_back({checkpoint, context_->task(), std::exchange(open_, {})});
    }
    void on_complete(CheckpointId checkpoint) override {
      for (const Transaction& transaction : *staged_) {
        if (transaction.checkpoint <= checkpoint) ledger_.publish(context_->name(), transaction);
      }
      std::erase_if(*staged_, [&](const Transaction& transaction) { return transaction.checkpoint <= checkpoint; });
    }

   private:
    Ledger& ledger_;
    OperatorContext* context_ = nullptr;
    std::vector<Transaction>* staged_ = nullptr;
    Events open_;
  };

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const { return std::make_unique<Writer>(*ledger); }
};

}  // namespace weir::sim
