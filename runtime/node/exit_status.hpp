// What Weir's programs end with, for scripts: `weir`, its workers, and jobs that run embedded.
#pragma once

namespace weir {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kMisused = 2;      // the command line, a file that it names, or the job makes no sense; nothing was begun
constexpr int kUnreachable = 3;  // no node answers, or none leads now

}  // namespace weir
