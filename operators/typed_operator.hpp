// What most operators share: they keep their context and pass split events on. Also the adaptor from a batch of
// any type to one of a known type.
#pragma once

#include <weir/dataflow/operator.hpp>

namespace weir {

/// An operator that keeps its context.
class ContextOperator : public Operator {
 public:
  void open(OperatorContext& context) override { context_ = &context; }
  void on_split(const SplitEvent& event) override { context_->forward(event); }
  bool wants_split(const std::string& split) override { return context_->wants_split(split); }

 protected:
  OperatorContext& context() { return *context_; }
  const OperatorContext& context() const { return *context_; }

 private:
  OperatorContext* context_ = nullptr;
};

}  // namespace weir
