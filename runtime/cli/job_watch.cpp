#include <weir/cli/job_watch.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

#include <weir/base/terminal.hpp>
#include <weir/cli/answer.hpp>
#include <weir/cli/printable.hpp>

namespace weir::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kShortestLook = std::chrono::milliseconds(20);  // a short job's end is told soon,
constexpr auto kLongestLook = std::chrono::milliseconds(500);  // and a long one's costs the node little
constexpr auto kPatience = std::chrono::seconds(30);           // with a cluster that changes its leader, or restarts

std::string progress(const api::JobInfo& job) {
  return job.name + ": " + job.status + ", attempt " + std::to_string(job.attempt) + ", " + std::to_string(job.records_read) + " records in, " +
         std::to_string(job.records_written) + " out, " + (job.newest_checkpoint ? "checkpoint " + std::to_string(job.newest_checkpoint->id) : "no checkpoint");
}

class ProgressLine {
 public:
  ~ProgressLine() { clear(); }
  /// Something that stays to be read, once for as long as it is so. Empty: all is well again.
  void tell(const std::string& news) {
    if (std::exchange(told_, news) == news || news.empty()) return;
    clear();
    std::cerr << printable(news) << std::endl;
  }
  void show(const std::string& line) {
    if (!shown_) return;
    std::cerr << kClearLine << printable(line) << std::flush;
    written_ = true;
  }
  void clear() {
    if (written_) std::cerr << kClearLine << std::flush;
    written_ = false;
  }

 private:
  bool shown_ = is_terminal(stderr);
  bool written_ = false;
  std::string told_;
};

/// A job that waits may do so for ever, so its user is to know, also one who reads a file of it later.
std::string news_of(const api::JobInfo& job) {
  return job.status == "waiting" && !job.message.empty() ? "job " + std::to_string(job.id) + " " + job.name + " waits: " + job.message : "";
}

/// The job, once a node answers.
std::string look(ApiClient& client, const std::string& path, ProgressLine& line) {
  const auto give_up = Clock::now() + kPatience;
  for (;;) {
    try {
      return client.get(path);
    } catch (const Unreachable& unreachable) {
      if (Clock::now() > give_up) throw;
      line.show(unreachable.what());
      std::this_thread::sleep_for(kLongestLook);
    }
  }
}

}  // namespace

int watch_job(ApiClient& client, const std::string& path, Output output) {
  ProgressLine line;
  for (auto pause = kShortestLook;; pause = std::min(pause * 2, kLongestLook)) {
    const std::string json = look(client, path, line);
    const auto job = answer<api::JobInfo>(json);
    if (!ended(job)) {
      line.tell(news_of(job));
      line.show(progress(job));
      std::this_thread::sleep_for(pause);
      continue;
    }
    line.clear();
    if (output == Output::Json) std::cout << json << '\n';
    else std::cerr << printable(progress(job) + (job.message.empty() ? "" : ": " + job.message)) << '\n';
    const bool lacks_savepoint = job.savepoint && !job.message.empty();
    return job.status == "failed" || lacks_savepoint ? kFailed : kDone;
  }
}

}  // namespace weir::cli
