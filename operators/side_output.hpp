// A function can emit records of other types than its result's beside it: late ones, suspicious ones. Each such output
// is a member of the function; the stream is asked of what process() returned, by that member:
//
//   struct Fraud { ... weir::SideOutput<Alert> suspicious; ... context.emit(suspicious, alert); ... };
//   auto checked = payments.key_by(&Payment::card).process("fraud", Fraud{});
//   checked.side(&Fraud::suspicious).sink("alerts", weir::Console{});
//
// Records of a side output that nobody asked for are dropped by the engine.
#pragma once

#include <memory>
#include <vector>

#include <weir/operators/emitter.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

/// The port of side outputs that nobody reads.
constexpr std::uint32_t kUnreadPort = 0xffffffff;

/// The emitters behind an operator's side outputs. Owns them.
class SideEmitters {
 public:
  void open(OperatorContext& context) { context_ = &context; }

  template <class T>
  Emitter<T>& add(std::uint32_t port) {
    auto made = std::make_unique<Port<T>>(port);
    Emitter<T>& emitter = made->emitter;
    emitter.open(*context_);
    ports_.push_back(std::move(made));
    return emitter;
  }

  void flush() {
    for (auto& port : ports_) port->flush();
  }

 private:
  struct AnyPort {
    virtual ~AnyPort() = default;
    virtual void flush() = 0;
  };
  template <class T>
  struct Port final : AnyPort {
    explicit Port(std::uint32_t port) : emitter(port) {}
    void flush() override { emitter.flush(); }
    Emitter<T> emitter;
  };

  OperatorContext* context_ = nullptr;
  std::vector<std::unique_ptr<AnyPort>> ports_;
};

/// A member of a function: an output beside its result. A copy is not connected.
template <class T>
class SideOutput {
  static_assert(RequireRecord<T>::value || true);  // says it itself

 public:
  SideOutput() = default;
  SideOutput(const SideOutput&) {}
  SideOutput& operator=(const SideOutput&) { return *this; }

  // For the operator.
  void connect(Emitter<T>& emitter) const { emitter_ = &emitter; }
  void emit(SideEmitters& emitters, T record, EventTime time) const {
    if (emitter_ == nullptr) emitter_ = &emitters.add<T>(kUnreadPort);
    emitter_->emit(std::move(record), time);
  }

 private:
  mutable Emitter<T>* emitter_ = nullptr;  // the operator's; set once
};

/// A function as the user gave it, and which of its side outputs are read. Port 0 is the result's; theirs are numbered
/// in the order in which they were asked for. Shared by the stream, which is asked while the pipeline is built, and by
/// the operator's factory, which reads it afterwards.
template <class F>
class FunctionPrototype {
 public:
  /// Side outputs have the ports from `first_port` on.
  explicit FunctionPrototype(F function, std::uint32_t first_port = 1) : function_(std::move(function)), first_port_(first_port) {}

  const F& function() const { return function_; }

  template <class T>
  std::uint32_t port_of(SideOutput<T> F::* output) {
    const void* wanted = &(function_.*output);
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].member == wanted) return static_cast<std::uint32_t>(first_port_ + i);
    }
    const auto port = static_cast<std::uint32_t>(first_port_ + outputs_.size());
    outputs_.push_back({wanted, [output, port](const F& copy, SideEmitters& emitters) {
                          (copy.*output).connect(emitters.add<T>(port));
                        }});
    return port;
  }

  /// Connects the outputs of a copy of the function, in its final place.
  void connect(const F& copy, SideEmitters& emitters) const {
    for (const Output& output : outputs_) output.connect(copy, emitters);
  }

 private:
  struct Output {
    const void* member;  // of function_
    std::function<void(const F&, SideEmitters&)> connect;
  };

  F function_;
  std::uint32_t first_port_;
  std::vector<Output> outputs_;
};

/// What process() returns: the stream of results, with the function's side outputs.
template <class F>
class Processed : public Stream<typename F::Out> {
 public:
  Processed(Stream<typename F::Out> results, std::shared_ptr<FunctionPrototype<F>> prototype)
      : Stream<typename F::Out>(std::move(results)), prototype_(std::move(prototype)) {}

  template <class T>
  Stream<T> side(SideOutput<T> F::* output) const {
    return Stream<T>(this->graph(), this->node(), prototype_->port_of(output));
  }

 private:
  std::shared_ptr<FunctionPrototype<F>> prototype_;  // shared with the operator's factory
};

}  // namespace weir
