#include <weir/actors/remote_messages.hpp>

#include <caf/deserializer.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>

#include <weir/actors/bounded_stream.hpp>

namespace weir::message {

caf::error inspect(caf::serializer& sink, Frame& frame) {
  std::size_t size = frame.size_bytes();
  if (auto error = sink.begin_sequence(size)) return error;
  for (auto& piece : frame.pieces) {
    if (piece.empty()) continue;
    if (auto error = sink.apply_raw(piece.size(), piece.data())) return error;
  }
  return sink.end_sequence();
}

caf::error inspect(caf::deserializer& source, Frame& frame) {
  std::size_t size = 0;
  if (auto error = source.begin_sequence(size)) return error;
  if (size > BoundedStream::kLongestMessage) return caf::sec::end_of_stream;  // no message has that much in it
  frame.pieces.assign(1, std::vector<std::byte>(size));
  if (size > 0) {
    if (auto error = source.apply_raw(size, frame.pieces.front().data())) return error;
  }
  return source.end_sequence();
}

}  // namespace weir::message
