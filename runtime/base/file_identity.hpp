// One file may have many names: relative ones, ones through symbolic links, hard links. Whoever must know whether two names mean one
// file, of which neither may exist yet, asks here.
#pragma once

#include <filesystem>

namespace weir {

/// One name for all names of a file, whether it exists yet or not, but for hard links.
std::filesystem::path one_name(const std::filesystem::path& path);

/// Whether two names are of one file or directory. Hard links that do not exist yet are not seen.
bool same_file(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace weir
