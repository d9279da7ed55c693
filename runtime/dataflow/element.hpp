// What flows on a channel:
//
//   channel := (Batch | Watermark | Idle | Barrier | Probe)* End        FIFO; only a Batch costs credit
//
// An overtaking barrier may leave the queue out of turn; the elements it passed become part of its checkpoint.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>

#include <weir/base/time.hpp>
#include <weir/dataflow/batch.hpp>

namespace weir {

using CheckpointId = std::uint64_t;  // counts from 1 in a job's life

/// No record with an event time at or before `time` follows, except late ones.
struct Watermark {
  EventTime time;
};

/// Nothing may follow for long: do not wait for this channel's watermark. The next batch or watermark ends it.
struct Idle {};

/// Cuts the stream: what is before belongs to the checkpoint, what is behind does not.
struct Barrier {
  enum class Mode : std::uint8_t {
    Aligned,      // may turn into Overtaking after the alignment limit
    Overtaking,   // passes everything queued
    Savepoint,    // always aligned and full
  };
  /// What the job does once the checkpoint is complete.
  enum class Afterwards : std::uint8_t { GoOn, End };

  CheckpointId checkpoint = 0;
  CheckpointId parent = 0;  // the last complete checkpoint, which a delta may build on; 0: none
  Mode mode = Mode::Aligned;
  Afterwards afterwards = Afterwards::GoOn;
};

/// Nothing follows.
struct End {};

/// Only between the operators of a loop: runs behind the records to find out whether any are left; see loop_end.hpp.
struct Probe {
  bool disturbed = true;  // whether a record came round at some head of the loop since the probe before
};

/// A batch as it came from another process. Only the receiving task has such; it unpacks a batch when its turn comes, since records
/// that wait have left the processor's cache when they are used, and take more room than their bytes.
class PackedBatch {
 public:
  virtual ~PackedBatch() = default;
  /// Throws Failure when the bytes are no batch of the channel.
  virtual BatchPtr unpack() const = 0;
};
using PackedBatchPtr = std::unique_ptr<const PackedBatch>;

using Element = std::variant<BatchPtr, Watermark, Idle, Barrier, End, Probe, PackedBatchPtr>;

inline bool is_packed(const Element& element) { return std::holds_alternative<PackedBatchPtr>(element); }
inline bool is_batch(const Element& element) { return std::holds_alternative<BatchPtr>(element) || is_packed(element); }

/// The records of an element that is a batch, packed or not.
inline BatchPtr take_batch(Element& element) {
  return is_packed(element) ? std::get<PackedBatchPtr>(element)->unpack() : std::get<BatchPtr>(std::move(element));
}

/// Whether the element makes an idle channel active again.
inline bool ends_idleness(const Element& element) { return is_batch(element) || std::holds_alternative<Watermark>(element); }

/// Whether an element says all that the one right before it on its channel said, which then need not wait any longer. The end of
/// time does not: the head of a loop holds it back.
inline bool replaces(const Element& later, const Element& earlier) {
  const auto* watermark = std::get_if<Watermark>(&later);
  const auto* before = std::get_if<Watermark>(&earlier);
  if (watermark && before) return before->time <= watermark->time && watermark->time != EventTime::max();
  return std::holds_alternative<Idle>(later) && std::holds_alternative<Idle>(earlier);
}

}  // namespace weir
