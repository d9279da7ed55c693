#include <weir/wire/frame.hpp>

#include <cstring>
#include <limits>

#include <weir/base/bytes.hpp>

namespace weir::wire {
namespace {

constexpr std::size_t kWord = 8;

std::size_t padded(std::size_t bytes) { return (bytes + kWord - 1) / kWord * kWord; }

template <class Enum>
Enum checked_enum(std::uint32_t value, Enum last, const char* what) {
  if (value > static_cast<std::uint32_t>(last)) throw Failure(std::string("a frame is corrupt: no ") + what + " " + std::to_string(value));
  return static_cast<Enum>(value);
}

BatchPtr decode_batch(std::span<const std::byte> blob, const RecordType& type) {
  const ColumnsView block = unpack_in_place(blob).or_throw();
  const Schema schema = type.schema();
  Cursors in(block, bind(schema, schema).or_throw());
  return type.decode(in, block.rows);
}

class ReceivedBatch final : public PackedBatch {
 public:
  ReceivedBatch(std::shared_ptr<const std::vector<std::byte>> frame, std::span<const std::byte> blob, const RecordType& type)
      : frame_(std::move(frame)), blob_(blob), type_(type) {}

  BatchPtr unpack() const override { return decode_batch(blob_, type_); }

 private:
  std::shared_ptr<const std::vector<std::byte>> frame_;
  std::span<const std::byte> blob_;
  const RecordType& type_;
};

}  // namespace

EncodedItem encode_element(std::uint32_t task, std::uint32_t channel, const Element& element) {
  using Kind = FrameItem::Kind;
  WEIR_CHECK(!is_packed(element), "a batch that came is to be sent as it is:", task);
  EncodedItem encoded{{.task = task, .channel = channel}, {}};
  FrameItem& item = encoded.item;
  if (const auto* batch = std::get_if<BatchPtr>(&element)) {
    const RecordType& type = (*batch)->type();
    Columns block(type.columns);
    type.encode(**batch, block);
    encoded.blob = pack(block).or_throw();
    item.kind = Kind::Batch;
    if (encoded.blob.size() > std::numeric_limits<std::uint32_t>::max()) throw Failure("a batch has more than 4 GiB");
    item.blob_bytes = static_cast<std::uint32_t>(encoded.blob.size());
  } else if (const auto* watermark = std::get_if<Watermark>(&element)) {
    item.kind = Kind::Watermark;
    item.number = watermark->time.ms;
  } else if (std::holds_alternative<Idle>(element)) {
    item.kind = Kind::Idle;
  } else if (const auto* barrier = std::get_if<Barrier>(&element)) {
    item.kind = Kind::Barrier;
    item.number = static_cast<std::int64_t>(barrier->checkpoint);
    item.second = barrier->parent;
    item.edge = static_cast<std::uint32_t>(barrier->mode) + 256 * static_cast<std::uint32_t>(barrier->afterwards);
  } else if (const auto* probe = std::get_if<Probe>(&element)) {
    item.kind = Kind::Probe;
    item.number = probe->disturbed ? 1 : 0;
  } else {
    item.kind = Kind::End;
  }
  return encoded;
}

EncodedItem encode_credit(std::uint32_t task, std::uint32_t edge, std::uint32_t channel, const Grant& grant) {
  FrameItem item{.task = task, .channel = channel, .kind = FrameItem::Kind::Credit};
  item.number = grant.credits;
  item.second = grant.batch_records;
  item.edge = edge;
  return {item, {}};
}

std::vector<std::vector<std::byte>> build_frame(FrameHeader header, std::vector<EncodedItem> items) {
  std::vector<std::vector<std::byte>> pieces(1);
  for (EncodedItem& one : items) {
    header.items.push_back(one.item);
    if (one.blob.empty()) continue;
    pieces.push_back(std::move(one.blob));
    pieces.back().resize(padded(pieces.back().size()));
  }
  const std::string head = encode(header);
  const auto length = static_cast<std::uint32_t>(head.size());
  pieces[0].resize(kWord + padded(head.size()));
  std::memcpy(pieces[0].data(), &length, sizeof length);
  std::memcpy(pieces[0].data() + kWord, head.data(), head.size());
  return pieces;
}

Result<ParsedFrame> parse_frame(std::span<const std::byte> bytes) {
  std::uint32_t length = 0;
  if (bytes.size() < kWord) return Error{"a frame is cut off: " + std::to_string(bytes.size()) + " bytes"};
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - kWord) return Error{"a frame is cut off in its header"};
  auto header = decode<FrameHeader>(std::string(as_text(bytes.subspan(kWord, length))));
  if (!header) return header.error();
  ParsedFrame frame{std::move(header).or_throw(), {}};
  std::size_t at = kWord + padded(length);
  for (const FrameItem& item : frame.header.items) {
    if (item.kind != FrameItem::Kind::Batch) {
      frame.blobs.emplace_back();
      continue;
    }
    if (at > bytes.size() || item.blob_bytes > bytes.size() - at) return Error{"a frame is cut off in a batch"};
    frame.blobs.push_back(bytes.subspan(at, item.blob_bytes));
    at += padded(item.blob_bytes);
  }
  return frame;
}

Element decode_element(const FrameItem& item, std::span<const std::byte> blob, const RecordType& type) {
  using Kind = FrameItem::Kind;
  switch (item.kind) {
    case Kind::Batch: return decode_batch(blob, type);
    case Kind::Watermark: return Watermark{EventTime{item.number}};
    case Kind::Idle: return Idle{};
    case Kind::Barrier:
      return Barrier{static_cast<CheckpointId>(item.number), item.second,
                     checked_enum(item.edge % 256, Barrier::Mode::Savepoint, "barrier mode"),
                     checked_enum(item.edge / 256, Barrier::Afterwards::End, "end of a barrier")};
    case Kind::Probe: return Probe{item.number != 0};
    case Kind::End: return End{};
    case Kind::Credit: break;
  }
  throw Failure("a frame is corrupt: an item of kind " + std::to_string(static_cast<int>(item.kind)) + " is no element");
}

Element receive_element(const FrameItem& item, std::shared_ptr<const std::vector<std::byte>> frame, std::span<const std::byte> blob,
                        const RecordType& type) {
  if (item.kind != FrameItem::Kind::Batch) return decode_element(item, blob, type);
  return std::make_unique<const ReceivedBatch>(std::move(frame), blob, type);
}

}  // namespace weir::wire
