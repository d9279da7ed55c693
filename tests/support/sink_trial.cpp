#include "support/sink_trial.hpp"

#include <sstream>

namespace weir::testing {

TrialRow trial_row(std::int64_t number) {
  return {number, std::string(static_cast<std::size_t>(number * 7 % 11),
                              static_cast<char>('a' + number % 26))};
}

TrialScript parse_script(const std::string& text) {
  TrialScript script;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    using Kind = TrialStep::Kind;
    const Kind kind = word[0] == 'w'   ? Kind::Write
                      : word[0] == 's' ? Kind::Snapshot
                      : word[0] == 'c' ? Kind::Complete
                                       : Kind::Advance;
    script.push_back({kind, word.size() > 1 ? std::stoll(word.substr(1)) : 0});
  }
  return script;
}

std::int64_t SinkTrial::rows() const {
  std::int64_t rows = 0;
  for (const TrialStep& step : script_)
    rows += step.kind == TrialStep::Kind::Write ? step.amount : 0;
  return rows;
}

void SinkTrial::lose_newest_checkpoint() {
  if (!complete_.empty()) complete_.pop_back();
}

bool SinkTrial::run() {
  try {
    const Checkpoint from = complete_.empty() ? Checkpoint{} : complete_.back();
    std::vector<const Snapshot*> stored;
    if (from.snapshot) stored.push_back(from.snapshot.get());
    TaskHarness task([this] { return std::make_unique<WriteSink<TrialRow>>(make_(files_)); }, {},
                     stored);
    play(task, from);
    return true;
  } catch (const Crash&) {
    return false;
  } catch (const Failure&) {
    return false;
  }
}

void SinkTrial::play(TaskHarness& task, Checkpoint at) {
  Checkpoint taken;
  for (; at.next_step < script_.size(); ++at.next_step) {
    const TrialStep& step = script_[at.next_step];
    switch (step.kind) {
      case TrialStep::Kind::Write: {
        Rows<TrialRow> batch;
        for (std::int64_t i = 0; i < step.amount; ++i, ++at.rows)
          batch.push_back({trial_row(at.rows), at.rows});
        task.push(batch);
        break;
      }
      case TrialStep::Kind::Snapshot:
        taken = {std::make_shared<Snapshot>(task.snapshot()), at.next_step + 1, at.rows};
        break;
      case TrialStep::Kind::Complete:
        if (taken.snapshot) complete(task, taken);
        break;
      case TrialStep::Kind::Advance:
        task.advance(Duration(step.amount));
        break;
    }
  }
  task.end_of_input();
  complete(task, {std::make_shared<Snapshot>(task.snapshot()), at.next_step, at.rows});
}

void SinkTrial::complete(TaskHarness& task, const Checkpoint& checkpoint) {
  complete_.push_back(checkpoint);
  task.complete();
}

}  // namespace weir::testing
