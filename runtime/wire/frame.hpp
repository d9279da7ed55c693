// What flows on the channels between two workers, as bytes: elements one way, grants the other, those of many channels in
// one frame.
//
//   connection := frame*                 sequence counts from 0; a gap or another attempt ends the connection
//   frame      := length:32 header padding blob*
//   header     := FrameHeader as a message (message.hpp); item i of kind Batch owns the next blob
//   blob       := columns.capnp of (event time, record, origin of the batch in the first row), padded to 8 bytes
//
// Batches are encoded as columns and stay packed until their turn comes in the receiving task. A frame is sent in the pieces of which it
// is made, and comes as one: a batch's columns are copied into its blob, from there to the connection's buffer, and not again until
// records are made of what came. Decoding trusts nothing. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <weir/dataflow/credit.hpp>
#include <weir/dataflow/element.hpp>
#include <weir/wire/message.hpp>

namespace weir::wire {

struct FrameItem {
  enum class Kind : std::uint8_t { Batch, Watermark, Idle, Barrier, End, Probe, Credit };

  std::uint32_t task = 0;     // the receiver, of all tasks of the plan
  std::uint32_t channel = 0;  // of an element: which input channel; of a credit: which channel of the output edge
  Kind kind = Kind::Idle;
  std::uint32_t blob_bytes = 0;  // of a batch, without padding
  std::int64_t number = 0;    // Watermark: its time. Barrier: the checkpoint. Probe: whether disturbed. Credit: credits
  std::uint64_t second = 0;   // Barrier: the parent. Credit: records of a batch
  std::uint32_t edge = 0;     // Credit: of the receiver's outputs. Barrier: mode and, times 256, afterwards
};
WEIR_RECORD(FrameItem, task, channel, kind, blob_bytes, number, second, edge);

struct FrameHeader {
  std::uint64_t attempt = 0;
  std::uint64_t sequence = 0;
  std::vector<FrameItem> items;
};
WEIR_RECORD(FrameHeader, attempt, sequence, items);

/// An element on its way to a channel of a task; `blob` is empty unless it is a batch.
struct EncodedItem {
  FrameItem item;
  std::vector<std::byte> blob;

  std::size_t size_bytes() const { return sizeof(FrameItem) + blob.size(); }
};

EncodedItem encode_element(std::uint32_t task, std::uint32_t channel, const Element& element);
EncodedItem encode_credit(std::uint32_t task, std::uint32_t edge, std::uint32_t channel, const Grant& grant);

/// The pieces of a frame: its header, and the blobs moved out of the items.
std::vector<std::vector<std::byte>> build_frame(FrameHeader header, std::vector<EncodedItem> items);

/// A frame taken apart; the blobs point into its bytes, at multiples of 8.
struct ParsedFrame {
  FrameHeader header;
  std::vector<std::span<const std::byte>> blobs;  // of each item; empty where there is none
};
Result<ParsedFrame> parse_frame(std::span<const std::byte> bytes);

/// The element again. `type` is that of the channel's batches, and the blob begins at a multiple of 8 in memory. Throws Failure when
/// the bytes are no such element.
Element decode_element(const FrameItem& item, std::span<const std::byte> blob, const RecordType& type);

/// The same for a task that receives it: a batch stays packed, and keeps the frame in which its blob lies.
Element receive_element(const FrameItem& item, std::shared_ptr<const std::vector<std::byte>> frame, std::span<const std::byte> blob,
                        const RecordType& type);

}  // namespace weir::wire
