#include <weir/node/progress_report.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

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

}  // namespace

ProgressReport::ProgressReport(const EmbeddedJob& job, Show show) : job_(job), show_(show), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressReport::Totals ProgressReport::totals() const {
  Totals totals;
  const JobBoard& board = job_.board();
  for (std::size_t task = 0; task < board.task_count; ++task) {
    const TaskCell& cell = board.tasks[task];
    const bool source = job_.plan().tasks[task].senders.empty();
    if (source) totals.read += cell.records_out.load();
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
  if (show_ == Show::Nothing || !terminal_ || now - last_ < kBetweenLines) return;
  const Totals current = totals();
  const double rate = static_cast<double>(current.read - std::min(last_read_, current.read)) / std::chrono::duration<double>(now - last_).count();
  last_ = now;
  last_read_ = current.read;
  std::ostringstream line;
  line << "\r\033[K" << job_.plan().graph.name << ": " << short_count(static_cast<double>(current.read)) << " records, "
       << short_count(rate) << "/s";
  if (const auto checkpoint = job_.board().last_checkpoint.load()) {
    line << ", checkpoint " << checkpoint << " (" << job_.board().last_checkpoint_ms.load() << " ms)";
  }
  if (const auto restarts = job_.board().restarts.load()) line << ", " << restarts << " restarts";
  std::fputs(line.str().c_str(), stderr);
}

void ProgressReport::finish(JobOutcome::State state) {
  if (show_ == Show::Nothing) return;
  if (terminal_) std::fputs("\r\033[K", stderr);
  if (state == JobOutcome::State::Failed) return;
  const Totals current = totals();
  std::ostringstream line;
  line << job_.plan().graph.name << (state == JobOutcome::State::Finished ? ": finished in " : ": stopped after ") << std::fixed
       << std::setprecision(2) << seconds() << " s, " << short_count(static_cast<double>(current.delivered)) << " records between tasks";
  if (current.dropped > 0) line << ", " << current.dropped << " dropped on outputs that nobody reads";
  line << '\n';
  std::fputs(line.str().c_str(), stderr);
}

void ProgressReport::write(const std::filesystem::path& file) const {
  const Totals current = totals();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto cpu = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  std::ofstream out(file);
  out << "{\"seconds\": " << seconds() << ", \"cpu_seconds\": " << cpu(usage.ru_utime) + cpu(usage.ru_stime)
      << ", \"records_read\": " << current.read << ", \"records_delivered\": " << current.delivered << ", \"records_dropped\": " << current.dropped
      << ", \"checkpoints\": " << job_.board().checkpoints.load() << ", \"restarts\": " << job_.board().restarts.load()
      << ", \"snapshot_seconds\": " << static_cast<double>(current.snapshot_ns) / 1e9
      << ", \"longest_pause_ms\": " << static_cast<double>(current.longest_pause_ns) / 1e6
      << ", \"state_bytes\": " << current.state_bytes << ", \"peak_memory_kb\": " << usage.ru_maxrss << "}\n";
  if (!out.flush()) throw Failure("the figures cannot be written to " + file.string());
}

}  // namespace weir
