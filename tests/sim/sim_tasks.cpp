#include "sim/sim_tasks.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace weir::sim {

/// One task, its world, and what is on its way to it.
class SimTask final : public TaskEnvironment {
 public:
  SimTask(Attempt& attempt, std::uint32_t number, RestoredTask restored) : attempt_(attempt), number_(number), slow_(attempt.random_() % 5 == 0) {
    const TaskWiring& wiring = attempt.plan_.tasks[number];
    arriving_.resize(wiring.senders.size());
    restored_batches_.resize(wiring.senders.size());
    for (const auto& receivers : wiring.receivers) granted_.emplace_back(receivers.size());
    TaskOptions options;
    options.task = wiring.index;
    options.parallelism = attempt.plan_.vertices[wiring.vertex].parallelism;
    options.key_groups = attempt.plan_.options.key_groups;
    options.checkpointed = true;
    options.isolating = attempt.options_.isolating;
    options.alignment_limit = attempt.options_.alignment_limit;
    options.credit = attempt.options_.credit;
    auto nodes = attempt.plan_.make_nodes(number);
    auto inputs = attempt.plan_.make_inputs(number);
    for (std::size_t i = 0; i < restored.nodes.size(); ++i) nodes[i].restored = std::move(restored.nodes[i]);
    for (std::size_t i = 0; i < restored.inputs.size(); ++i) {
      for (const Element& element : restored.inputs[i]) {
        if (is_batch(element)) restored_batches_[i] += options.isolating ? std::get<BatchPtr>(element)->size() : 1;
      }
      inputs[i].restored = std::move(restored.inputs[i]);
    }
    task_ = std::make_unique<Task>(options, std::move(nodes), std::move(inputs), attempt.plan_.make_outputs(number), *this);
  }

  // What arrives: one thing of the kind chosen by `turn`. False when there is none.
  bool deliver_element(std::size_t turn) {
    for (std::size_t i = 0; i < arriving_.size(); ++i) {
      const auto channel = static_cast<std::uint32_t>((turn + i) % arriving_.size());
      auto& queue = arriving_[channel];
      if (queue.empty()) continue;
      Element element = std::move(queue.front());
      queue.pop_front();
      task_->on_element(channel, std::move(element));
      scheduled_ = true;
      return true;
    }
    return false;
  }
  bool deliver_grant(std::size_t turn) {
    for (std::size_t i = 0; i < granted_.size(); ++i) {
      const auto edge = static_cast<std::uint32_t>((turn + i) % granted_.size());
      for (std::size_t k = 0; k < granted_[edge].size(); ++k) {
        const auto channel = static_cast<std::uint32_t>((turn / 7 + k) % granted_[edge].size());
        auto& queue = granted_[edge][channel];
        if (queue.empty()) continue;
        const Grant grant = queue.front();
        queue.pop_front();
        task_->on_grant(edge, channel, grant);
        scheduled_ = true;
        return true;
      }
    }
    return false;
  }
  bool deliver_order() {
    if (orders_.empty()) return false;
    const Order order = orders_.front();
    orders_.pop_front();
    if (const auto* barrier = std::get_if<Barrier>(&order)) task_->on_trigger(*barrier);
    if (const auto* abandon = std::get_if<Abandon>(&order)) task_->on_abandoned(abandon->checkpoint);
    if (const auto* complete = std::get_if<Complete>(&order)) {
      task_->on_complete(complete->checkpoint);
      attempt_.job_.on_completed(number_, complete->checkpoint);
    }
    scheduled_ = true;
    return true;
  }
  bool run(Hurry hurry) {
    if (!scheduled_ || (hurry == Hurry::No && slow_ && attempt_.random_() % 32 != 0)) return false;
    const bool more = task_->run(1 + attempt_.random_() % 8);
    scheduled_ = std::exchange(may_not_store_, false) || more;
    return true;
  }
  bool tick() {
    if (!alarm_ || *alarm_ > attempt_.clock_) return false;
    alarm_.reset();
    task_->on_time();
    scheduled_ = true;
    return true;
  }

  // TaskEnvironment
  void send(std::uint32_t edge, std::uint32_t channel, Element element) override {
    const ChannelEnd& end = wiring().receivers[edge][channel];
    attempt_.tasks_[end.task]->arrive(end.channel, std::move(element));
  }
  void grant(std::uint32_t channel, const Grant& grant) override {
    const ChannelEnd& end = wiring().senders[channel];
    attempt_.tasks_[end.task]->granted_[end.edge][end.channel].push_back(grant);
  }
  void store(CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) override {
    attempt_.job_.on_store(number_, checkpoint, node, std::move(chunk));
  }
  /// Now and then the writer has enough to do; the task runs again soon.
  bool may_store() const override {
    may_not_store_ = attempt_.random_() % 4 == 0;
    return !may_not_store_;
  }
  void snapshot_done(CheckpointId checkpoint, SnapshotMode mode) override {
    attempt_.job_.on_snapshot_done(number_, checkpoint, mode);
  }
  void finished() override {}
  ProcessingTime now() const override { return attempt_.clock_; }
  std::int64_t ticks_ns() const override { return ticks_ += static_cast<std::int64_t>(attempt_.random_() % 3'000'000); }
  /// Like a task's actor: the earliest alarm only; what asked for a later one must ask again.
  void wake_at(ProcessingTime time) override {
    if (!alarm_ || time < *alarm_) alarm_ = time;
  }
  Waker waker() override { return [] {}; }

  bool finished_() const { return task_->finished(); }
  const std::optional<ProcessingTime>& alarm() const { return alarm_; }

  std::string describe() const {
    std::ostringstream text;
    text << attempt_.plan_.task_name(number_) << (task_->finished() ? " finished" : "") << (task_->blocked() ? " blocked" : "")
         << " watermark " << task_->watermark().ms << " queued";
    for (std::uint32_t channel = 0; channel < arriving_.size(); ++channel) {
      text << ' ' << task_->gate().queued_batches(channel) << '+' << arriving_[channel].size();
    }
    return text.str();
  }

 private:
  const TaskWiring& wiring() const { return attempt_.plan_.tasks[number_]; }

  /// Something is sent to this task: it will get it some time. What is on its way is within the window (I3).
  void arrive(std::uint32_t channel, Element element) {
    WEIR_CHECK(!ended(channel), "something was sent behind the end of channel", channel, attempt_.plan_.task_name(number_));
    const bool batch = is_batch(element);
    arriving_[channel].push_back(std::move(element));
    const PlanEdge& edge = attempt_.plan_.edges[wiring().input_edges[channel]];
    if (!batch || attempt_.plan_.graph_edge(edge).channel == InputChannel::Kind::Feedback) return;
    const auto under_way = static_cast<std::size_t>(std::count_if(arriving_[channel].begin(), arriving_[channel].end(), is_batch));
    const std::size_t queued = task_->gate().queued_batches(channel);
    WEIR_CHECK(under_way + queued <= attempt_.options_.credit.window + restored_batches_[channel],
               "more batches are under way than the window allows:", under_way, queued);
  }

  bool ended(std::uint32_t channel) const {
    return !arriving_[channel].empty() && std::holds_alternative<End>(arriving_[channel].back());
  }

  Attempt& attempt_;
  std::uint32_t number_;
  bool slow_;  // so that those before it run out of credit
  std::vector<std::deque<Element>> arriving_;             // by channel
  std::vector<std::vector<std::deque<Grant>>> granted_;   // by edge and channel
  std::deque<Order> orders_;
  std::vector<std::size_t> restored_batches_;             // by channel: these cost no credit
  std::unique_ptr<Task> task_;
  bool scheduled_ = true;
  mutable bool may_not_store_ = false;  // was the last answer
  std::optional<ProcessingTime> alarm_;
  mutable std::int64_t ticks_ = 0;

  friend class Attempt;
};

Attempt::Attempt(const Plan& plan, const AttemptOptions& options, std::vector<RestoredTask> restored, JobSide& job,
                 const ProcessingTime& clock, std::mt19937_64& random)
    : plan_(plan), options_(options), job_(job), clock_(clock), random_(random) {
  for (std::uint32_t number = 0; number < plan.tasks.size(); ++number) {
    tasks_.push_back(std::make_unique<SimTask>(*this, number, std::move(restored[number])));
  }
}

Attempt::~Attempt() = default;

bool Attempt::deliver_something() {
  const std::size_t start = random_();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    SimTask& task = *tasks_[(start + i) % tasks_.size()];
    const std::size_t turn = random_() >> 8;
    switch (turn % 3) {
      case 0:
        if (task.deliver_order() || task.deliver_grant(turn) || task.deliver_element(turn)) return true;
        break;
      case 1:
        if (task.deliver_grant(turn) || task.deliver_element(turn) || task.deliver_order()) return true;
        break;
      default:
        if (task.deliver_element(turn) || task.deliver_grant(turn) || task.deliver_order()) return true;
    }
  }
  return false;
}

bool Attempt::run_something(Hurry hurry) {
  const std::size_t start = random_();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[(start + i) % tasks_.size()]->run(hurry)) return true;
  }
  return false;
}

bool Attempt::tick_something() {
  const std::size_t start = random_();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[(start + i) % tasks_.size()]->tick()) return true;
  }
  return false;
}

void Attempt::order(std::uint32_t task, Order order) { tasks_[task]->orders_.push_back(std::move(order)); }

void Attempt::order_all(const Order& each) {
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) order(task, each);
}

bool Attempt::all_finished() const {
  return std::all_of(tasks_.begin(), tasks_.end(), [](const auto& task) { return task->finished_(); });
}

std::optional<ProcessingTime> Attempt::next_alarm() const {
  std::optional<ProcessingTime> next;
  for (const auto& task : tasks_) {
    if (task->alarm() && (!next || *task->alarm() < *next)) next = task->alarm();
  }
  return next;
}

std::string Attempt::describe() const {
  std::string text;
  for (const auto& task : tasks_) text += "  " + task->describe() + "\n";
  return text;
}

}  // namespace weir::sim
