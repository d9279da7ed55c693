#include <weir/dataflow/in_flight.hpp>

#include <utility>

namespace weir {

StateChunk in_flight_chunk(std::string table, const Element& element) {
  WEIR_CHECK(belongs_to_state(element), "an element that is no state was recorded for", table);
  if (is_packed(element)) return in_flight_chunk(std::move(table), std::get<PackedBatchPtr>(element)->unpack());
  StateChunk chunk{std::move(table), ChunkKind::InFlight, {}, Columns()};
  if (const auto* batch = std::get_if<BatchPtr>(&element)) {
    const RecordType& type = (*batch)->type();
    chunk.schema = to_text(type.schema());
    chunk.block = Columns(type.columns);
    type.encode(**batch, chunk.block);
  } else {
    chunk.schema = to_text(Codec<EventTime>::schema());
    chunk.block = Columns(Codec<EventTime>::columns);
    Codec<EventTime>::write(chunk.block, 0, std::get<Watermark>(element).time);
    chunk.block.rows = 1;
  }
  return chunk;
}

Element in_flight_element(const StateChunk& chunk, const RecordType& type) {
  const Schema stored = parse_schema(chunk.schema).or_throw();
  if (stored.kind == Kind::Time) {
    Cursors in(chunk.block, bind(Codec<EventTime>::schema(), stored).or_throw());
    Watermark watermark{};
    Codec<EventTime>::read(in, 0, watermark.time);
    return watermark;
  }
  auto bound = bind(type.schema(), stored);
  if (!bound) throw Failure("records in flight (" + chunk.table + ") cannot be restored: " + bound.error().message);
  Cursors in(chunk.block, std::move(bound).or_throw());
  return type.decode(in, chunk.block.rows);
}

}  // namespace weir
