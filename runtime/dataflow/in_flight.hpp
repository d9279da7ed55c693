// Elements that an overtaking barrier passed are part of its checkpoint: the state of the channel (Chandy and Lamport, 1985).
// This is how they are stored and read back.
//
//   chunk := batch: rows of (event time, record, origin of the batch in the first row), its schema that of the tuple
//          | watermark: one row of a time
//   table := ("in:" | "out:") edge ":" sender ":" receiver        who recorded it, and the channel
#pragma once

#include <string>

#include <weir/dataflow/element.hpp>
#include <weir/state/table.hpp>

namespace weir {

/// Whether an element is worth storing: batches and watermarks; all others are told again after a restore.
inline bool belongs_to_state(const Element& element) {
  return is_batch(element) || std::holds_alternative<Watermark>(element);
}

/// Of elements that belong to state.
StateChunk in_flight_chunk(std::string table, const Element& element);

/// The element again. `type` is that of the edge's batches. Throws Failure when the rows cannot be read as such.
Element in_flight_element(const StateChunk& chunk, const RecordType& type);

}  // namespace weir
