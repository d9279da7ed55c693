#include <weir/wire/routes.hpp>

#include <weir/wire/control.hpp>

namespace weir::wire {
namespace {

template <NamedRecord... M>
bool is_one_of(std::string_view kind) {
  return ((kind == name_of<M>()) || ...);
}

}  // namespace

bool is_for_worker(std::string_view kind) { return is_one_of<Deploy, Open, Go, Trigger, Complete, GiveUp>(kind); }

bool is_for_leader(std::string_view kind) {
  return is_one_of<WorkerUp, ReadyToOpen, TaskReady, TaskFailed, TaskFinished, TaskStored, StoringFailed, TaskPublished, WorkerFailed,
                   WorkerReport, Figures, WorkerGone, SavepointWritten>(kind);
}

bool is_for_store(std::string_view kind) {
  return is_one_of<StoreParts, ReadParts, KeepParts, RewindParts, DropParts, CloseParts, ExportSavepoint>(kind);
}

bool is_from_leader(std::string_view kind) {
  return is_for_worker(kind) || is_one_of<StartWorker, KillWorker, ReportWorker, KeepBundle, MayLeave, RewindParts, KeepParts, DropParts,
                                          CloseParts, KnownJobs, ExportSavepoint>(kind);
}

}  // namespace weir::wire
