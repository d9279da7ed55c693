#include <weir/node/worker_processes.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>
#include <list>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/base/backtrace_line.hpp>
#include <weir/node/child_process.hpp>
#include <weir/node/worker_process.hpp>

namespace weir {
namespace {

constexpr std::size_t kKeptLines = 40;
constexpr std::size_t kLogBytes = 16 << 20;  // after which a log begins anew
constexpr std::uint64_t kKeptLogs = 10;      // attempts at a job
constexpr int kPiecesAtOnce = 16;            // of a worker's output
constexpr std::size_t kLongestLine = 2000;  // bytes; the rest of a line is only in the log

std::string describe(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return "killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

/// Signals that a program brings upon itself.
bool is_crash(int status) {
  if (!WIFSIGNALED(status)) return false;
  const int signal = WTERMSIG(status);
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGFPE || signal == SIGILL;
}

/// A file descriptor, closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  void reset() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

/// The last lines of what comes in pieces, backtraces readable.
class LastLines {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n') end_line();
      else if (line_.size() < kLongestLine) line_ += c;
    }
  }
  std::vector<std::string> take() {
    if (!line_.empty()) end_line();
    std::vector<std::string> taken;
    for (const std::string& line : lines_) taken.push_back(readable_backtrace_line(line));
    return taken;
  }
  /// What it said of its end; empty if it did not. Many lines of a backtrace may follow that.
  const std::string& last_words() const { return last_words_; }

 private:
  void end_line() {
    if (line_.starts_with(kLastWords)) last_words_ = line_.substr(kLastWords.size());
    lines_.push_back(std::exchange(line_, {}));
    if (lines_.size() > kKeptLines) lines_.pop_front();
  }

  std::deque<std::string> lines_;
  std::string line_;
  std::string last_words_;
};

}  // namespace

class WorkerProcesses::Thread {
 public:
  explicit Thread(WorkerProcessesOptions options)
      : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { run(); }) {}

  ~Thread() { stop(); }

  void stop() {
    post([this] { stopping_ = true; });
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
  }

  void post(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }

  void start(JobId job, std::uint64_t attempt, const std::vector<std::string>& command) {
    Running worker;
    worker.job = job;
    worker.attempt = attempt;
    const std::string error = launch(worker, command);
    if (!error.empty()) {
      const std::string how = "it could not be started: " + error;
      note_end(worker, how);
      return options_.ended({.job = job, .attempt = attempt, .how = how});
    }
    running_.push_back(std::move(worker));
  }

  void kill(JobId job, std::uint64_t attempt, const std::string& why) {
    for (Running& worker : running_) {
      if (worker.job != job || worker.attempt != attempt) continue;
      if (!why.empty() && ends_by_itself(worker)) continue;  // which is why it was lost
      tell_to_end(worker, why);
    }
  }

 private:
  struct Running {
    JobId job = 0;
    std::uint64_t attempt = 0;
    pid_t process = -1;
    Descriptor end;     // readable once the process has ended
    Descriptor output;
    Descriptor log;
    std::filesystem::path log_file;
    std::size_t log_bytes = 0;
    LastLines lines;
    bool told_to_end = false;
    std::string why = {};  // it was, first
  };

  std::filesystem::path log_file(JobId job, std::uint64_t attempt) const {
    return options_.logs / (std::to_string(job) + "-" + std::to_string(attempt) + ".log");
  }
  static std::filesystem::path old(const std::filesystem::path& log) { return log.string() + ".old"; }
  static std::filesystem::path end_file(std::filesystem::path log) { return log.replace_extension(".end"); }
  static void note_end(const Running& worker, const std::string& how) {
    std::ofstream(end_file(worker.log_file)) << how.substr(0, how.find('\n')) << '\n';  // where the disk is full, nothing
  }
  /// Of a process that ends, others see the connections break a moment before it is gone.
  static bool ends_by_itself(const Running& worker) {
    constexpr int kMomentMs = 50;
    pollfd end{worker.end.get(), POLLIN, 0};
    return ::poll(&end, 1, kMomentMs) > 0;
  }
  static void tell_to_end(Running& worker, const std::string& why = "") {
    if (!std::exchange(worker.told_to_end, true)) worker.why = why;
    ::kill(worker.process, SIGKILL);
  }
  static Descriptor open_log(const std::filesystem::path& file) {
    return Descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  }
  static void begin_log_anew(Running& worker) {
    std::error_code ignored;  // it then goes on growing
    std::filesystem::rename(worker.log_file, old(worker.log_file), ignored);
    worker.log = open_log(worker.log_file);
    worker.log_bytes = 0;
  }

  std::string launch(Running& worker, const std::vector<std::string>& command) {
    std::error_code error;
    std::filesystem::create_directories(options_.logs, error);
    worker.log_file = log_file(worker.job, worker.attempt);
    worker.log = open_log(worker.log_file);
    if (worker.attempt > kKeptLogs) {
      const std::filesystem::path outdated = log_file(worker.job, worker.attempt - kKeptLogs);
      std::filesystem::remove(outdated, error);
      std::filesystem::remove(old(outdated), error);
      std::filesystem::remove(end_file(outdated), error);
    }
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::strerror(errno);
    worker.output = Descriptor(pipe[0]);
    const Descriptor input(pipe[1]);
    ::fcntl(worker.output.get(), F_SETFL, O_NONBLOCK);

    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t daemon = ::getpid();
    worker.process = ::fork();
    if (worker.process < 0) return std::strerror(errno);
    if (worker.process == 0) become_program(arguments.data(), {daemon, input.get(), options_.memory_bytes});
    worker.end = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, worker.process, 0)));
    if (worker.end.valid()) return "";
    const std::string why = std::strerror(errno);
    ::kill(worker.process, SIGKILL);
    ::waitpid(worker.process, nullptr, 0);
    return why;
  }

  void run() {
    for (;;) {
      run_tasks();
      if (stopping_) break;
      wait();
    }
    for (Running& worker : running_) {
      tell_to_end(worker);
      end(worker);
    }
    running_.clear();
  }

  void run_tasks() {
    std::vector<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks) task();
  }

  void wait() {
    std::vector<pollfd> watched{{wake_.get(), POLLIN, 0}};
    for (const Running& worker : running_) {
      watched.push_back({worker.end.get(), POLLIN, 0});
      watched.push_back({worker.output.get(), POLLIN, 0});
    }
    if (::poll(watched.data(), watched.size(), -1) < 0) return;  // interrupted
    if (watched[0].revents != 0) {
      std::uint64_t count = 0;
      (void)!::read(wake_.get(), &count, sizeof count);
    }
    std::size_t at = 1;
    for (auto worker = running_.begin(); worker != running_.end(); at += 2) {
      if (watched[at + 1].revents != 0) read_output(*worker);
      if (watched[at].revents == 0) {
        ++worker;
        continue;
      }
      read_output(*worker);
      end(*worker);
      worker = running_.erase(worker);
    }
  }

  /// Of a process that has ended, or is about to.
  void end(Running& worker) {
    int status = 0;
    ::waitpid(worker.process, &status, 0);
    using Cause = WorkerEnd::Cause;
    std::vector<std::string> lines = worker.lines.take();
    const bool as_told = worker.told_to_end && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const bool for_a_reason = as_told && !worker.why.empty();
    const std::string& said = worker.lines.last_words();
    const std::string how = for_a_reason ? "killed by its node: " + worker.why : describe(status) + (said.empty() ? "" : ": " + said);
    if (!as_told || for_a_reason) note_end(worker, how);
    options_.ended({worker.job, worker.attempt, how, std::move(lines), is_crash(status) ? Cause::Itself : Cause::Outside});
  }

  /// Not more than a piece, since others write too.
  static void read_output(Running& worker) {
    std::array<char, 4096> buffer{};
    for (int piece = 0; piece < kPiecesAtOnce; ++piece) {
      const ssize_t count = ::read(worker.output.get(), buffer.data(), buffer.size());
      if (count == 0) worker.output.reset();
      if (count <= 0) return;
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
      worker.lines.add(bytes);
      (void)!::write(worker.log.get(), bytes.data(), bytes.size());
      worker.log_bytes += bytes.size();
      if (worker.log_bytes >= kLogBytes) begin_log_anew(worker);
    }
  }

  WorkerProcessesOptions options_;
  Descriptor wake_;
  std::mutex joining_;  // guards the thread's end
  std::mutex mutex_;    // guards tasks_
  std::vector<std::function<void()>> tasks_;
  bool stopping_ = false;  // of the thread
  std::list<Running> running_;  // of the thread
  std::thread thread_;
};

WorkerProcesses::WorkerProcesses(WorkerProcessesOptions options) : thread_(std::make_unique<Thread>(std::move(options))) {}
WorkerProcesses::~WorkerProcesses() = default;

void WorkerProcesses::start(JobId job, std::uint64_t attempt, std::vector<std::string> command) {
  thread_->post([thread = thread_.get(), job, attempt, command = std::move(command)] { thread->start(job, attempt, command); });
}

void WorkerProcesses::stop() { thread_->stop(); }

void WorkerProcesses::kill(JobId job, std::uint64_t attempt, const std::string& why) {
  thread_->post([thread = thread_.get(), job, attempt, why] { thread->kill(job, attempt, why); });
}

}  // namespace weir
