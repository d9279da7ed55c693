#include <weir/node/state_directory.hpp>

#include <fstream>

#include <weir/base/time.hpp>
#include <weir/state/durable_directory.hpp>

namespace weir {
namespace {

constexpr const char* kFinished = "finished";  // the file's name

}  // namespace

StateDirectory::StateDirectory(std::filesystem::path directory, const StoreOptions& options)
    : directory_(std::move(directory)), store_(CheckpointStore::open(directory_, options).or_throw()) {}

std::string StateDirectory::newest() const {
  const auto complete = store_->checkpoints();
  if (complete.empty()) return "";
  const std::string name = "checkpoint " + std::to_string(complete.front());
  const auto manifest = store_->manifest(complete.front());
  return manifest ? name + ", taken " + to_text(EventTime{manifest->completed_ms}) : name;
}

bool StateDirectory::finished() const {
  const auto complete = store_->checkpoints();
  std::uint64_t checkpoint = 0;
  return !complete.empty() && std::ifstream(directory_ / kFinished) >> checkpoint && checkpoint == complete.front();
}

void StateDirectory::begin(StartMode mode) {
  if (mode == StartMode::Start && !store_->checkpoints().empty()) {
    if (finished()) {
      throw Failure("the job whose state is in " + directory_.string() + " has finished (" + newest() +
                    "); --start-over drops that state and begins anew");
    }
    throw Failure(directory_.string() + " holds state of this job (" + newest() +
                  "); --resume continues from it, --start-over drops it and begins anew");
  }
  // Before the checkpoints: their numbers come again.
  std::error_code ignored;  // there may be none
  if (std::filesystem::remove(directory_ / kFinished, ignored)) sync_directory(directory_).or_throw();
  if (mode != StartMode::Resume) store_->clear().or_throw();
}

void StateDirectory::mark_finished(const std::filesystem::path& directory, std::uint64_t checkpoint) {
  // Lost with the machine's power, it costs a --resume that finds nothing to do.
  std::ofstream(directory / kFinished) << checkpoint << '\n';
}

}  // namespace weir
