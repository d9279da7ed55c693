#include <weir/base/hash.hpp>

#include <xxhash.h>

namespace weir {

std::uint64_t hash_bytes(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace weir
