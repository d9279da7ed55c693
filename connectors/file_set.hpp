// Which files a source reads, given what its user wrote: a file, a pattern, a directory.
//
//   path := file | directory | pattern      pattern as in a shell: * ? [a-z], not **
//
// A name that exists is taken as it is, so that files with brackets in their names can be read. Names that begin with a dot
// do not match, as in a shell; a directory stands for the files directly in it. The order is that of the bytes of the names.
//
// When new files are followed, a file is read from its beginning to its end once, as soon as its name is seen. So it must
// appear complete: written under a name that does not match, such as a hidden one, or on the same file system elsewhere,
// and then renamed. That is what Weir's own Files sink does. What is appended later is not read.
#pragma once

#include <string>
#include <vector>

namespace weir {

/// Whether files that appear while the job runs are read too; such a source does not end.
enum class Follow : std::uint8_t { No, NewFiles };

/// The files that exist now. Throws Failure when there are none - where new ones are followed, when even the directory is
/// missing - with one line that names the path.
std::vector<std::string> find_files(const std::string& path, Follow follow);

}  // namespace weir
