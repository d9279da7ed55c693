#include <weir/node/progress_report.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <sstream>

#include <sys/resource.h>

#include <weir/base/terminal.hpp>

namespace weir {
namespace {

constexpr std::chrono::milliseconds kBetweenLines(250);

/// 12345678 as "12.3 M".
std::string short_count(double count) {
  constexpr std::array kUnits = {"", " k", " M", " G"};
  std::size_t unit = 0;
  while (count >= 10'000 && unit + 1 < kUnits.size()) {
    count /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), count < 100 && unit > 0 ? "%.1f%s" : "%.0f%s", count, kUnits[unit]);
  return text.data();
}

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

ProgressReport::ProgressReport(const EmbeddedJob& job, Show show)
    : job_(job), shown_(show == Show::OnTerminal && is_terminal(stderr)) {}

ProgressReport::Totals ProgressReport::totals() const {
  Totals totals;
  const JobBoard& board = job_.board();
  for (std::size_t task = 0; task < board.task_count; ++task) {
    const TaskCell& cell = board.tasks[task];
    totals.read += cell.records_read.load();
    totals.written += cell.records_written.load();
    totals.delivered += cell.records_in.load();
    totals.dropped += cell.records_dropped.load();
    totals.longest_pause_ns = std::max(totals.longest_pause_ns, cell.longest_pause_ns.load());
    totals.snapshot_ns += cell.snapshot_ns.load();
    totals.state_bytes += cell.state_bytes.load();
  }
  return totals;
}

double ProgressReport::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void ProgressReport::update() {
  const auto now = Clock::now();
  if (!shown_ || now - last_ < kBetweenLines) return;
  const Totals current = totals();
  const double rate = static_cast<double>(current.read - std::min(last_read_, current.read)) / std::chrono::duration<double>(now - last_).count();
  last_ = now;
  last_read_ = current.read;
  std::ostringstream line;
  line << job_.plan().graph.name << ": " << short_count(static_cast<double>(current.read)) << " records in, " << short_count(rate) << "/s, "
       << short_count(static_cast<double>(current.written)) << " out";
  if (const auto checkpoint = job_.board().last_checkpoint.load()) {
    line << ", checkpoint " << checkpoint << " (" << job_.board().last_checkpoint_ms.load() << " ms)";
  }
  if (const auto restarts = job_.board().restarts.load()) line << ", " << counted(restarts, "restart");
  // Not between the pieces of what is being printed: whoever prints to a terminal holds the stream meanwhile.
  if (ftrylockfile(stdout) != 0) return;
  std::fputs(progress_for_terminal(line.str(), terminal_columns(stderr)).c_str(), stderr);
  funlockfile(stdout);
}

void ProgressReport::clear() {
  if (shown_) std::fputs(std::string(kClearLine).c_str(), stderr);
}

std::string ProgressReport::summary(JobOutcome::State state) const {
  constexpr std::array kWhat = {"finished in ", "stopped after ", "failed after "};
  const Totals current = totals();
  std::ostringstream line;
  line << kWhat[static_cast<std::size_t>(state)] << std::fixed << std::setprecision(2) << seconds() << " s: " << counted(current.read, "record")
       << " in, " << current.written << " out";
  if (current.dropped > 0) line << ", " << current.dropped << " dropped on outputs that nobody reads";
  if (const auto checkpoints = job_.board().checkpoints.load(); checkpoints > 0) line << ", " << counted(checkpoints, "checkpoint");
  if (const auto restarts = job_.board().restarts.load()) line << ", " << counted(restarts, "restart") << " (records since the last)";
  return line.str();
}

void ProgressReport::write(const std::filesystem::path& file) const {
  const Totals current = totals();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto cpu = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  std::ofstream out(file);
  out << "{\"seconds\": " << seconds() << ", \"cpu_seconds\": " << cpu(usage.ru_utime) + cpu(usage.ru_stime)
      << ", \"records_read\": " << current.read << ", \"records_written\": " << current.written << ", \"records_delivered\": " << current.delivered << ", \"records_dropped\": " << current.dropped
      << ", \"checkpoints\": " << job_.board().checkpoints.load() << ", \"restarts\": " << job_.board().restarts.load()
      << ", \"snapshot_seconds\": " << static_cast<double>(current.snapshot_ns) / 1e9
      << ", \"longest_pause_ms\": " << static_cast<double>(current.longest_pause_ns) / 1e6
      << ", \"state_bytes\": " << current.state_bytes << ", \"peak_memory_kb\": " << usage.ru_maxrss << "}\n";
  if (!out.flush()) throw Failure("the figures cannot be written to " + file.string());
}

}  // namespace weir
