@0xb1d2f6a9c3e84710;
# Rows of one type as columns; columns.hpp tells what an entry means.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("weir::schema");

struct ColumnBlock {
  rows @0 :UInt32;
  columns @1 :List(ColumnData);
}

struct ColumnData {
  data @0 :Data;           # fixed-width entries, little-endian, or the bytes of all texts
  ends @1 :List(UInt32);   # of texts: where each ends in data
}
