// Asks something outside for every record, without waiting for one answer before asking the next.
//
//   auto enriched = orders.async<Order>("customer", [client](const Order& order, weir::AsyncReply<Order> reply) {
//     client->find(order.customer, [order, reply](auto customer) { reply(with(order, customer)); });
//   }, {.timeout = 5s, .attempts = 3});
//
// The function starts the call and returns; reply(result), reply.all(results) or reply.fail(message) may be called from any
// thread, at once or later. A function that blocks goes to async_blocking, which runs it on threads of its own:
//
//   auto located = visits.async_blocking("country", [](const Visit& visit) { return locate(visit); });
//
// A result that will not do is a failure as well, and the request gets its next attempt: reply.fail("empty"); a function that
// blocks throws, or returns a weir::Result<Out> and in it weir::Error{"empty"}. For a value in the place of a missing answer take
// the side output: calls.merge(calls.unanswered.map(fallback)).
//
// Results have their request's event time. A watermark leaves behind the results of all records before it, so in both
// orders no result is late that would not have been late without the call. Not more than `capacity` requests are under
// way in a task; then it takes no further input.
//
// Checkpoints hold the requests whose results have not left. After a restore they are asked again: every record's results
// are emitted once, but the outside may be asked more than once. A function that throws fails the task.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <weir/operators/async_options.hpp>
#include <weir/operators/async_reply.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/thread_pool.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// What async() returns: the stream of results, and the requests that got none.
template <class T, class Out>
struct AsyncStream : Stream<Out> {
  Stream<T> unanswered;  // only with AsyncOptions::Unanswered::SideOutput
};

/// A request as a checkpoint holds it.
template <class T>
struct AsyncRequest {
  T record{};
  EventTime time;
  EventTime behind;  // the watermark that came before it
};
template <class T>
constexpr auto weir_fields(const AsyncRequest<T>*) {
  using Request = AsyncRequest<T>;
  return std::make_tuple(make_field("record", &Request::record), make_field("time", &Request::time),
                         make_field("behind", &Request::behind));
}
template <class T>
constexpr std::string_view weir_record_name(const AsyncRequest<T>*) { return "AsyncRequest"; }

template <class T, class Out, class F>
class AsyncCall final : public ContextOperator {
 public:
  AsyncCall(F call, AsyncOptions options) : call_(std::move(call)), options_(std::move(options)) {}
  ~AsyncCall() override {
    if (inbox_) inbox_->close();
  }

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    results_.open(context);
    unanswered_.open(context);
    inbox_ = std::make_shared<AsyncInbox<Out>>(context.waker());
    stored_ = &context.state().list<AsyncRequest<T>>("requests", ChunkKind::Split);
    restore();
    if (!requests_.empty()) context.waker()();
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    while (!marks_.empty() && !marks_.back().watermark) marks_.pop_back();        // idle no more
    if (std::exchange(idle_, false)) context().emit_watermark(last_watermark_);  // the results will take a while
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      add({in.records.take(i), in.times[i], last_watermark_}, in.origin);
    }
    work();
  }

  bool accepts(std::uint32_t) const override { return requests_.size() < options_.capacity; }
  bool drained() const override { return requests_.empty(); }
  bool makes_watermarks() const override { return true; }
  void on_wake() override { work(); }

  Progress on_watermark(EventTime time) override {
    add_watermark(time);
    work();
    return Progress::Done;
  }

  void on_idle() override {
    marks_.push_back({next_id_, std::nullopt});
    work();
  }

  Progress on_processing_time(ProcessingTime now) override {
    for (auto& [id, request] : requests_) {
      if (request.state == State::New) break;  // and so are all behind it
      if (request.state == State::Settled) continue;
      if (request.deadline && *request.deadline <= now) {
        give_up(id, request, "got no answer within " + std::to_string(options_.timeout->count()) + " ms");
      } else if (request.retry_at && *request.retry_at <= now) {
        call(id, request);
      }
      arm(request);
    }
    work();
    return Progress::Done;
  }

  Progress finish() override { return requests_.empty() ? Progress::Done : Progress::More; }

  void before_snapshot(CheckpointId) override {
    stored_->clear();
    for (const auto& [id, request] : requests_) stored_->push_back(request.asked);
  }

 private:
  static constexpr bool kQueues = requires(const AsyncReply<Out>& reply) { F::tell_begin(reply); };

  enum class State : std::uint8_t { New, Called, Settled };
  struct Request {
    AsyncRequest<T> asked;
    Origin origin;
    State state = State::New;
    std::uint32_t attempt = 0;
    std::optional<ProcessingTime> deadline;
    std::optional<ProcessingTime> retry_at;
    std::optional<std::vector<Out>> results;  // of a settled one; empty: it is unanswered
  };
  /// A watermark, or idleness, that leaves when no request before `before` is left.
  struct Mark {
    std::uint64_t before;
    std::optional<EventTime> watermark;
  };

  /// Requests of several tasks may come together: each goes behind its watermark again, but none behind one that this
  /// task has not reached.
  void restore() {
    std::stable_sort(stored_->begin(), stored_->end(), [](const auto& a, const auto& b) { return a.behind < b.behind; });
    for (AsyncRequest<T>& asked : *stored_) {
      asked.behind = std::min(asked.behind, context().watermark());
      add_watermark(asked.behind);
      add(std::move(asked), Origin());
    }
    stored_->clear();
  }

  void add(AsyncRequest<T> asked, const Origin& origin) {
    Request& request = requests_[next_id_++];
    request.asked = std::move(asked);
    request.origin = origin;
  }

  void add_watermark(EventTime time) {
    if (time <= last_watermark_) return;
    last_watermark_ = time;
    if (!marks_.empty() && marks_.back().before == next_id_) marks_.pop_back();
    marks_.push_back({next_id_, time});
  }

  void work() {
    release();
    start_calls();
    for (auto answers = inbox_->take(); !answers.empty(); answers = inbox_->take()) {
      for (AsyncAnswer<Out>& answer : answers) settle(answer);
      release();
      start_calls();
    }
    results_.flush();
    unanswered_.flush();
  }

  void start_calls() {
    for (auto next = requests_.lower_bound(next_call_); next != requests_.end() && under_way_ < options_.capacity; ++next) {
      next_call_ = next->first + 1;
      ++under_way_;
      if (!kQueues) start_clock(next->second);
      call(next->first, next->second);
      arm(next->second);
    }
  }

  void call(std::uint64_t id, Request& request) {
    request.state = State::Called;
    request.retry_at.reset();
    ++request.attempt;
    call_(std::as_const(request.asked.record), AsyncReply<Out>(inbox_, id, request.attempt));
  }

  /// The time-out covers all attempts.
  void start_clock(Request& request) {
    if (options_.timeout && !request.deadline) request.deadline = context().now() + *options_.timeout;
  }

  void arm(const Request& request) {
    if (request.state == State::Settled) return;
    if (request.deadline) context().wake_at(*request.deadline);
    if (request.retry_at) context().wake_at(*request.retry_at);
  }

  void settle(AsyncAnswer<Out>& answer) {
    const auto found = requests_.find(answer.request);
    if (found == requests_.end()) return;
    Request& request = found->second;
    if (request.state != State::Called || request.attempt != answer.attempt) return;  // it had timed out
    if (!answer.results) {
      start_clock(request);
      arm(request);
      return;
    }
    if (answer.results->ok()) {
      request.state = State::Settled;
      request.results = std::move(*answer.results).value();
      settled_.insert(answer.request);
      return;
    }
    const std::string& message = answer.results->error().message;
    if (request.attempt < options_.attempts && (!options_.retry_if || options_.retry_if(message))) {
      request.retry_at = context().now() + backoff(request.attempt);
      arm(request);
    } else {
      give_up(answer.request, request, "failed: " + message);
    }
  }

  Duration backoff(std::uint32_t failed_attempts) const {
    Duration wait = options_.backoff;
    for (std::uint32_t i = 1; i < failed_attempts && wait < options_.longest_backoff; ++i) wait *= 2;
    return std::min(wait, options_.longest_backoff);
  }

  void give_up(std::uint64_t id, Request& request, const std::string& what) {
    if (options_.unanswered == AsyncOptions::Unanswered::FailTask) {
      throw Failure("the call '" + context().name() + "' for a record near " + to_text(request.origin) + " " + what +
                    " (attempt " + std::to_string(request.attempt) + " of " + std::to_string(options_.attempts) + ")");
    }
    request.state = State::Settled;
    settled_.insert(id);
  }

  /// Emits what has its turn.
  void release() {
    for (;;) {
      const std::uint64_t limit = marks_.empty() ? next_id_ : marks_.front().before;
      while (!settled_.empty() && *settled_.begin() < limit) {
        const auto request = requests_.find(*settled_.begin());
        if (options_.order == AsyncOptions::Order::Arrival && request != requests_.begin()) break;
        emit(request->second);
        settled_.erase(settled_.begin());
        requests_.erase(request);
        --under_way_;
      }
      if (marks_.empty() || (!requests_.empty() && requests_.begin()->first < limit)) return;
      emit(marks_.front());
      marks_.pop_front();
    }
  }

  void emit(Request& request) {
    if (request.results) {
      for (Out& result : *request.results) results_.emit(std::move(result), request.asked.time);
    } else {
      unanswered_.emit(std::move(request.asked.record), request.asked.time);
    }
  }

  void emit(const Mark& mark) {
    results_.flush();
    unanswered_.flush();
    idle_ = !mark.watermark;
    if (mark.watermark) context().emit_watermark(*mark.watermark);
    else context().emit_idle();
  }

  F call_;
  AsyncOptions options_;
  std::shared_ptr<AsyncInbox<Out>> inbox_;   // owned by this and by every reply on its way
  Emitter<Out> results_{0};
  Emitter<T> unanswered_{1};
  std::map<std::uint64_t, Request> requests_;  // in the order of arrival
  std::set<std::uint64_t> settled_;
  std::deque<Mark> marks_;
  std::uint64_t next_id_ = 0;
  std::uint64_t next_call_ = 0;              // requests before it have been called
  std::size_t under_way_ = 0;                // called and not gone
  EventTime last_watermark_ = EventTime::min();
  bool idle_ = false;                        // downstream does not wait for this task's watermark
  std::vector<AsyncRequest<T>>* stored_ = nullptr;
};

namespace detail {
template <class R>
struct BlockingOut { using type = R; };
template <class T>
struct BlockingOut<Result<T>> { using type = T; };
}  // namespace detail

/// What a blocking function yields, Result or not.
template <class F, class T>
using BlockingOut = typename detail::BlockingOut<std::decay_t<std::invoke_result_t<const F&, const T&>>>::type;

/// Makes an asynchronous call of a blocking function. Each call works on its own copy of the function.
template <class T, class Out, class F>
class BlockingCall {
 public:
  /// A call may wait for a thread, which is not to count as waiting for an answer.
  static void tell_begin(const AsyncReply<Out>& reply) { reply.begun(); }

  BlockingCall(F function, std::size_t threads) : function_(std::move(function)), pool_(std::make_unique<ThreadPool>(threads)) {}

  void operator()(const T& record, AsyncReply<Out> reply) {
    pool_->run([function = function_, record, reply] {
      tell_begin(reply);
      try {
        answer(reply, std::invoke(function, record));
      } catch (const std::exception& exception) {
        reply.fail(exception.what());
      } catch (...) {
        reply.fail("the function threw something that is no std::exception");
      }
    });
  }

 private:
  static void answer(const AsyncReply<Out>& reply, Out result) { reply(std::move(result)); }
  static void answer(const AsyncReply<Out>& reply, Result<Out> result) {
    if (result) reply(std::move(result).value());
    else reply.fail(result.error().message);
  }

  F function_;
  std::unique_ptr<ThreadPool> pool_;
};

template <class F, class T, class Out>
concept AsyncFunction = std::copy_constructible<F> && std::invocable<F&, const T&, AsyncReply<Out>>;

template <class F, class T>
concept BlockingFunction = std::copy_constructible<F> && std::invocable<const F&, const T&> && Record<BlockingOut<F, T>>;

template <class T>
template <class Out>
AsyncStream<T, Out> Stream<T>::async_step(const std::string& verb, const std::string& name, const AsyncOptions& options,
                                          OperatorFactory make) const {
  if (options.capacity == 0 || options.attempts == 0 || options.threads == 0) {
    throw Failure(verb + " '" + name + "': capacity, attempts and threads must be at least 1");
  }
  const auto results = step<Out>(verb, named(verb, name, {.parallelism = options.parallelism, .fuse = options.fuse}), std::move(make));
  graph().nodes[results.node()].starts_task = true;
  return {results, Stream<T>(graph(), results.node(), 1)};
}

template <class T>
template <class Out, class F>
AsyncStream<T, Out> Stream<T>::async(const std::string& name, F call, AsyncOptions options) const {
  constexpr bool valid = AsyncFunction<F, T, Out>;
  static_assert(valid, "async<Out>: the function must take (const Record&, weir::AsyncReply<Out> reply) and see to it that reply is called");
  if constexpr (valid) {
    return async_step<Out>("async", name, options, [call, options] { return std::make_unique<AsyncCall<T, Out, F>>(call, options); });
  } else {
    return {Stream<Out>(graph(), node(), port()), *this};
  }
}

template <class T>
template <class F>
auto Stream<T>::async_blocking(const std::string& name, F function, AsyncOptions options) const {
  constexpr bool valid = BlockingFunction<F, T>;
  static_assert(valid, "async_blocking: the function must take one record of the stream by const reference and return a Record, or a "
                       "weir::Result of one");
  if constexpr (valid) {
    using Out = BlockingOut<F, T>;
    using Call = BlockingCall<T, Out, F>;
    return async_step<Out>("async_blocking", name, options, [function, options] {
      return std::make_unique<AsyncCall<T, Out, Call>>(Call(function, options.threads), options);
    });
  } else {
    return AsyncStream<T, T>{*this, *this};
  }
}

}  // namespace weir
