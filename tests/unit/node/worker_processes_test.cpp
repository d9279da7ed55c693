// What stays of a worker's process when it has ended: its log, how it ended, its last lines.
#include <weir/node/worker_processes.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>

#include <support/process.hpp>
#include <support/temporary_directory.hpp>

using namespace weir;

namespace {

class Workers {
 public:
  void run(const std::string& script) { processes_.start(1, 1, {"/bin/sh", "-c", script}); }
  void kill(const std::string& why = "") { processes_.kill(1, 1, why); }
  WorkerEnd await_end() {
    std::unique_lock lock(mutex_);
    REQUIRE(told_.wait_for(lock, std::chrono::minutes(1), [this] { return end_.has_value(); }));
    return *end_;
  }
  std::string content(const std::string& file) const { return testing::content_of(directory_ / file); }

 private:
  testing::TemporaryDirectory directory_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<WorkerEnd> end_;
  WorkerProcesses processes_{{directory_.path(), 0, [this](WorkerEnd end) {
                                const std::lock_guard lock(mutex_);
                                end_ = std::move(end);
                                told_.notify_all();
                              }}};
};

}  // namespace

TEST_CASE("how a worker ended stands beside its log when its end is told") {
  Workers workers;
  workers.run("echo one; printf 'job.so(_ZN4weir4Task3runEv+0x1f)[0x1]'; kill -SEGV $$");
  const WorkerEnd end = workers.await_end();
  CHECK(end.how == "killed by signal 11 (Segmentation fault)");
  CHECK(end.cause == WorkerEnd::Cause::Itself);
  CHECK(end.last_lines == std::vector<std::string>{"one", "job.so(weir::Task::run()+0x1f)[0x1]"});
  CHECK(workers.content("1-1.end") == "killed by signal 11 (Segmentation fault)\n");
  CHECK(workers.content("1-1.log") == "one\njob.so(_ZN4weir4Task3runEv+0x1f)[0x1]");
}

TEST_CASE("what a worker said of its end is told, however much it printed behind that") {
  Workers workers;
  workers.run("echo \"weir worker: error: it crashed in operator 'parse'\"; i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo $i; done; kill -SEGV $$");
  const WorkerEnd end = workers.await_end();
  CHECK(end.how == "killed by signal 11 (Segmentation fault): it crashed in operator 'parse'");
  CHECK(end.last_lines.back() == "100");
}

TEST_CASE("a worker that is told to end leaves no word of that") {
  Workers workers;
  workers.run("while :; do :; done");
  workers.kill();
  CHECK(workers.await_end().how == "killed by signal 9 (Killed)");
  CHECK(workers.content("1-1.end").empty());
}

TEST_CASE("why a worker's node ended it is how it ended") {
  Workers workers;
  workers.run("echo one; while :; do :; done");
  workers.kill("it said nothing for 5s");
  workers.kill();
  const WorkerEnd end = workers.await_end();
  CHECK(end.how == "killed by its node: it said nothing for 5s");
  CHECK(end.cause == WorkerEnd::Cause::Outside);
  CHECK(workers.content("1-1.end") == "killed by its node: it said nothing for 5s\n");
}

TEST_CASE("a worker that ends by itself leaves its status") {
  Workers workers;
  workers.run("exit 3");
  CHECK(workers.await_end().how == "exited with status 3");
  CHECK(workers.content("1-1.end") == "exited with status 3\n");
}
