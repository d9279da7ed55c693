// How the answer to an asynchronous call finds its way back to the task that asked: from any thread, at any time, also
// when nobody waits for it any more.
//
// A reply is answered once; further answers are ignored. When all copies of a reply are gone without an answer, the call
// has failed: a request cannot be forgotten.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/dataflow/operator.hpp>

namespace weir {

/// What came back of one attempt to answer a request; no results, not even a failure: a call that had to queue has begun.
template <class Out>
struct AsyncAnswer {
  std::uint64_t request = 0;
  std::uint32_t attempt = 0;
  std::optional<Result<std::vector<Out>>> results;
};

/// Where answers wait for their task. Safe for all threads.
template <class Out>
class AsyncInbox {
 public:
  explicit AsyncInbox(Waker waker) : waker_(std::move(waker)) {}

  void post(AsyncAnswer<Out> answer) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      answers_.push_back(std::move(answer));
      if (answers_.size() > 1) return;  // the task has been woken for the first
    }
    waker_();
  }

  std::vector<AsyncAnswer<Out>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
  }

  /// Nobody will take any more.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    answers_.clear();
  }

 private:
  Waker waker_;
  std::mutex mutex_;
  std::vector<AsyncAnswer<Out>> answers_;
  bool closed_ = false;
};

/// One attempt's right to answer. A value; its copies are the same right.
template <class Out>
class AsyncReply {
 public:
  AsyncReply(std::shared_ptr<AsyncInbox<Out>> inbox, std::uint64_t request, std::uint32_t attempt)
      : slot_(std::make_shared<Slot>(std::move(inbox), request, attempt)) {}

  void operator()(Out result) const {
    std::vector<Out> results;
    results.push_back(std::move(result));
    slot_->answer(std::move(results));
  }
  /// Any number of results, also none.
  void all(std::vector<Out> results) const { slot_->answer(std::move(results)); }
  /// The call has failed, or its result will not do. A message for people; it decides over another attempt.
  void fail(std::string message) const { slot_->answer(Error{std::move(message)}); }

  // For calls that queue.
  void begun() const { slot_->inbox->post({slot_->request, slot_->attempt, std::nullopt}); }

 private:
  struct Slot {
    Slot(std::shared_ptr<AsyncInbox<Out>> inbox, std::uint64_t request, std::uint32_t attempt)
        : inbox(std::move(inbox)), request(request), attempt(attempt) {}
    ~Slot() { answer(Error{"the reply was dropped without an answer"}); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    void answer(Result<std::vector<Out>> results) {
      if (!answered.exchange(true)) inbox->post({request, attempt, std::optional(std::move(results))});
    }

    std::shared_ptr<AsyncInbox<Out>> inbox;  // owned by the operator and by every reply on its way
    std::uint64_t request;
    std::uint32_t attempt;
    std::atomic<bool> answered = false;
  };

  std::shared_ptr<Slot> slot_;  // owned by the copies of this reply
};

}  // namespace weir
