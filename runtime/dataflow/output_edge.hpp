// The sending end of one edge of the graph: distributes batches to the channels, joins small ones, and sends
// only what it has credit for (I1). What has no credit waits here; while anything waits, the task does not take
// new input, so that pressure reaches the source.
//
// Order on a channel is kept: a watermark or a barrier first flushes the records before it. An overtaking barrier
// passes what waits, and what it passed is recorded as the channel's state.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <weir/dataflow/credit.hpp>
#include <weir/dataflow/element.hpp>
#include <weir/dataflow/partitioner.hpp>

namespace weir {

class OutputEdge {
 public:
  using Send = std::function<void(std::uint32_t channel, Element)>;
  using Recorder = std::function<void(std::uint32_t channel, const Element&)>;

  OutputEdge(std::unique_ptr<Partitioner> partitioner, std::uint32_t channels, const CreditOptions& options, Send send);

  void accept(BatchPtr batch);
  /// To every channel, behind what is there. Not for overtaking barriers.
  void broadcast(const Watermark& watermark) { broadcast_control(watermark); }
  void broadcast(const Idle& idle) { broadcast_control(idle); }
  void broadcast(const Barrier& barrier) { broadcast_control(barrier); }
  void broadcast(const Probe& probe) { broadcast_control(probe); }
  void broadcast(const End& end) { broadcast_control(end); }
  /// To every channel that it has not left on yet, at once; `recorder` gets what it passes. Not for edges that
  /// broadcast: their receivers never lag behind a barrier by different records.
  void overtake(const Barrier& barrier, const Recorder& recorder);
  /// Whether the checkpoint's barrier still waits for credit on some channel.
  bool holds(CheckpointId checkpoint) const;
  bool broadcasts() const { return partitioner_->broadcasts(); }

  void grant(std::uint32_t channel, const Grant& grant);
  /// Sends partial batches, as far as there is credit.
  void flush();

  /// Whether something waits for credit.
  bool blocked() const { return waiting_ > 0; }
  /// Whether a partial batch is being collected.
  bool partial() const;
  /// The largest batch that all receivers want which have said so: one that gets nothing never does, and holds back no other.
  std::size_t batch_records() const;
  std::uint32_t channels() const { return static_cast<std::uint32_t>(channels_.size()); }
  std::uint32_t credit(std::uint32_t channel) const { return channels_[channel].credit; }

 private:
  struct Channel {
    std::uint32_t credit = 0;
    std::uint32_t batch_records = 0;
    bool measured = false;          // the receiver has said so
    CheckpointId last_barrier = 0;  // sent
    std::deque<Element> waiting;
    BatchPtr partial;
  };

  template <class Control>
  void broadcast_control(const Control& control) {
    for (std::uint32_t index = 0; index < channels_.size(); ++index) {
      flush(index);
      push(index, control);
    }
  }

  bool holds(std::uint32_t channel, CheckpointId checkpoint) const;
  bool sent(std::uint32_t channel, CheckpointId checkpoint) const { return channels_[channel].last_barrier >= checkpoint; }
  void overtake_waiting(std::uint32_t channel, const Barrier& barrier, const Recorder& recorder);
  void overtake_all(std::uint32_t channel, const Barrier& barrier, const Recorder& recorder);
  void send_barrier(std::uint32_t channel, const Barrier& barrier);
  void note_barrier(std::uint32_t channel, const Element& element);

  void collect(std::uint32_t channel, BatchPtr batch);
  void flush(std::uint32_t channel);
  void push(std::uint32_t channel, Element element);
  void drain(std::uint32_t channel);

  std::unique_ptr<Partitioner> partitioner_;
  std::uint32_t most_records_;  // of a batch
  std::vector<Channel> channels_;
  Send send_;
  std::size_t waiting_ = 0;  // channels with waiting elements
  std::vector<std::uint32_t> targets_;
  std::vector<BatchPtr> scattered_;
};

}  // namespace weir
