// What the binary `weir` ends with, for scripts.
#pragma once

namespace weir::cli {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kMisused = 2;      // the command line, a file that it names, or the job makes no sense; nothing was begun
constexpr int kUnreachable = 3;  // no node answers

}  // namespace weir::cli
