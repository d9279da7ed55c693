#include <weir/dataflow/output_edge.hpp>

#include <algorithm>

namespace weir {

OutputEdge::OutputEdge(std::unique_ptr<Partitioner> partitioner, std::uint32_t channels, const CreditOptions& options,
                       Send send)
    : partitioner_(std::move(partitioner)), most_records_(options.batch_records), send_(std::move(send)) {
  channels_.resize(channels);
  for (Channel& channel : channels_) {
    channel.credit = options.window;
    channel.batch_records = options.initial_batch();
    channel.measured = options.window == kUnlimitedWindow;  // whoever closes a loop grants nothing
  }
}

void OutputEdge::accept(BatchPtr batch) {
  if (batch->size() == 0) return;
  const std::uint32_t count = channels();
  if (partitioner_->broadcasts()) {
    for (std::uint32_t index = 0; index + 1 < count; ++index) collect(index, batch->type().copy(*batch));
    collect(count - 1, std::move(batch));
    return;
  }
  if (const auto channel = partitioner_->whole(count)) {
    collect(*channel, std::move(batch));
    return;
  }
  targets_.clear();
  partitioner_->route(*batch, count, targets_);
  if (std::equal(targets_.begin() + 1, targets_.end(), targets_.begin())) {  // all to one: the batch stays whole
    collect(targets_.front(), std::move(batch));
    return;
  }
  scattered_.clear();
  for (Channel& channel : channels_) scattered_.push_back(std::move(channel.partial));
  batch->type().scatter(*batch, targets_, scattered_);
  for (std::uint32_t index = 0; index < count; ++index) {
    channels_[index].partial = std::move(scattered_[index]);
    if (channels_[index].partial->size() >= channels_[index].batch_records) flush(index);
  }
}

void OutputEdge::collect(std::uint32_t index, BatchPtr batch) {
  Channel& channel = channels_[index];
  if (!channel.partial) {
    channel.partial = std::move(batch);
  } else if (channel.partial->size() == 0 || batch->size() * 2 >= channel.batch_records) {
    flush(index);
    channel.partial = std::move(batch);
  } else {
    batch->type().append(*batch, *channel.partial);
  }
  if (channel.partial->size() * 2 >= channel.batch_records) flush(index);
}

void OutputEdge::flush(std::uint32_t index) {
  Channel& channel = channels_[index];
  if (!channel.partial || channel.partial->size() == 0) return;
  BatchPtr batch = std::move(channel.partial);
  if (channel.measured || batch->size() <= channel.batch_records) return push(index, std::move(batch));
  for (BatchPtr& part : in_parts(std::move(batch), channel.batch_records)) push(index, std::move(part));  // it may be slow
}

void OutputEdge::flush() {
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    if (channels_[index].credit > 0) flush(index);
  }
}

void OutputEdge::push(std::uint32_t index, Element element) {
  Channel& channel = channels_[index];
  if (channel.waiting.empty()) {
    if (!is_batch(element)) {
      note_barrier(index, element);
      send_(index, std::move(element));
      return;
    }
    if (channel.credit > 0) {
      --channel.credit;
      send_(index, std::move(element));
      return;
    }
    ++waiting_;
  } else if (replaces(element, channel.waiting.back())) {
    channel.waiting.pop_back();
  }
  channel.waiting.push_back(std::move(element));
}

void OutputEdge::note_barrier(std::uint32_t index, const Element& element) {
  if (const auto* barrier = std::get_if<Barrier>(&element)) channels_[index].last_barrier = barrier->checkpoint;
}

void OutputEdge::drain(std::uint32_t index) {
  Channel& channel = channels_[index];
  if (channel.waiting.empty()) return;
  while (!channel.waiting.empty()) {
    if (is_batch(channel.waiting.front())) {
      if (channel.credit == 0) return;
      --channel.credit;
    }
    note_barrier(index, channel.waiting.front());
    send_(index, std::move(channel.waiting.front()));
    channel.waiting.pop_front();
  }
  --waiting_;
}

void OutputEdge::grant(std::uint32_t index, const Grant& grant) {
  channels_[index].credit += grant.credits;
  channels_[index].batch_records = grant.batch_records;
  channels_[index].measured = true;
  drain(index);
}

void OutputEdge::overtake(const Barrier& barrier, const Recorder& recorder) {
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    if (holds(index, barrier.checkpoint)) {
      overtake_waiting(index, barrier, recorder);
    } else if (!sent(index, barrier.checkpoint)) {
      overtake_all(index, barrier, recorder);
    }
  }
}

/// The barrier waits in the queue: record what is before it and send it now.
void OutputEdge::overtake_waiting(std::uint32_t index, const Barrier& barrier, const Recorder& recorder) {
  auto& waiting = channels_[index].waiting;
  for (auto element = waiting.begin(); element != waiting.end(); ++element) {
    const auto* queued = std::get_if<Barrier>(&*element);
    if (queued == nullptr) {
      recorder(index, *element);
    } else if (queued->checkpoint == barrier.checkpoint) {
      waiting.erase(element);
      break;
    }
  }
  send_barrier(index, barrier);
}

void OutputEdge::overtake_all(std::uint32_t index, const Barrier& barrier, const Recorder& recorder) {
  Channel& channel = channels_[index];
  for (const Element& element : channel.waiting) {
    // A barrier among them belongs to a checkpoint that was given up for this one.
    if (!std::holds_alternative<Barrier>(element)) recorder(index, element);
  }
  if (channel.partial && channel.partial->size() > 0) {
    Element partial = std::move(channel.partial);
    recorder(index, partial);
    channel.partial = std::move(std::get<BatchPtr>(partial));
  }
  send_barrier(index, barrier);
}

void OutputEdge::send_barrier(std::uint32_t index, const Barrier& barrier) {
  channels_[index].last_barrier = barrier.checkpoint;
  send_(index, barrier);
}

bool OutputEdge::holds(std::uint32_t index, CheckpointId checkpoint) const {
  for (const Element& element : channels_[index].waiting) {
    const auto* barrier = std::get_if<Barrier>(&element);
    if (barrier != nullptr && barrier->checkpoint == checkpoint) return true;
  }
  return false;
}

bool OutputEdge::holds(CheckpointId checkpoint) const {
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    if (holds(index, checkpoint)) return true;
  }
  return false;
}

bool OutputEdge::partial() const {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](const Channel& channel) { return channel.partial && channel.partial->size() > 0; });
}

std::size_t OutputEdge::batch_records() const {
  std::uint32_t smallest = most_records_;
  for (const Channel& channel : channels_) {
    if (channel.measured) smallest = std::min(smallest, channel.batch_records);
  }
  return smallest;
}

}  // namespace weir
