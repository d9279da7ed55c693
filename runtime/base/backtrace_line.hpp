// A crashed process may only write its backtrace as it is: with the names of functions as the linker has them, such as
// _ZN4weir4Task3runEv. This makes a line of one readable. The lines come from processes that run other people's code, which may
// print anything: a short name can stand for one of gigabytes. So a name that is long, or that refers to its own parts often,
// stays as it is, and what a line costs is bounded. Pure.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// "job.so(_ZN4weir4Task3runEv+0x1f)[0x7f00]" as "job.so(weir::Task::run()+0x1f)[0x7f00]"; other text is left as it is.
std::string readable_backtrace_line(std::string_view line);

}  // namespace weir
