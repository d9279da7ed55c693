// What operators that run a user's function on a stream without keys share: its lists, its outputs, and the end of
// its input. process.hpp, connect.hpp and broadcast.hpp add where records come from.
//
// When the input has ended, and before anybody downstream learns of it, finish(auto& context) may emit what the function
// still holds. It is called again when a job is resumed that had already ended: emit from state, and clear it.
#pragma once

#include <weir/operators/keyed_function.hpp>
#include <weir/state/task_state.hpp>

namespace weir {

template <class F>
class TaskFunction : public ContextOperator {
 public:
  using Out = typename F::Out;

  explicit TaskFunction(std::shared_ptr<const FunctionPrototype<F>> prototype)
      : prototype_(std::move(prototype)), function_(prototype_->function()) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    context_of_function_.open(context);
    prototype_->connect(function_, context_of_function_.sides());
    TaskState state(context.state());
    open_function(function_, state);
  }

  Progress on_watermark(EventTime time) override {
    if constexpr (requires(F& function, ProcessContext<Out>& context) { function.finish(context); }) {
      if (time == EventTime::max()) {
        function_.finish(at(time));
        done();
      }
    }
    return Progress::Done;
  }

 protected:
  /// Binds the function's handles.
  virtual void open_function(F& function, TaskState& state) {
    if constexpr (requires { function.open(state); }) function.open(state);
  }

  F& function() { return function_; }

  ProcessContext<Out>& at(EventTime time) {
    context_of_function_.at(time);
    return context_of_function_;
  }
  /// After a batch.
  void done() { context_of_function_.flush(); }

 private:
  std::shared_ptr<const FunctionPrototype<F>> prototype_;  // shared by the pipeline's streams and the operator's tasks
  F function_;
  ProcessContext<Out> context_of_function_;
};

}  // namespace weir
