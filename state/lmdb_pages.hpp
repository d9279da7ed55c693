// LMDB trusts its file: a damaged page makes it read, or write, outside of its map. A state directory has
// been on disks and in copies, so the pages that LMDB follows are checked once before it gets the file. What
// is stored in the values is not looked at here: the store has checksums for that.
//
// A transaction writes its pages where neither the one before nor its own predecessor's tree has any, and its meta page
// beside that of the one before. So where damage hit only pages that the last transaction wrote, most likely in a power
// loss, the state before it is whole, and found from the other meta page.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>

namespace weir {

/// Walks both trees of an LMDB 0.9 data file (format 1, no duplicates, no named databases) from its newest
/// meta page. Fails with the first page that is not what its parent says: its number, kind, bounds, depth,
/// or that it is reached twice or is also listed as free. Reads branch and leaf pages and the heads of
/// large values, so the cost is about one page in a hundred. The file must not change meanwhile.
Result<void> check_lmdb_pages(const std::filesystem::path& file);

/// The same for a file that may be written to. When it is damaged but the state before its last transaction is whole and
/// has a key that begins with `vital`, makes that the newest, synced. Returns a line that says so; empty when nothing was
/// wrong.
Result<std::string> mend_lmdb_pages(const std::filesystem::path& file, std::string_view vital);

}  // namespace weir
