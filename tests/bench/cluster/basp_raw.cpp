// CAF's own rate between two processes, to compare Weir's links with: messages of 64 KiB of bytes, a window of them under way,
// and nothing else.
//
//   basp_raw receive [CERTIFICATE KEY CA]                prints its port, and receives until it is killed
//   basp_raw send PORT SECONDS [CERTIFICATE KEY CA]      prints the bytes per second that were taken
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include <weir/actors/actor_network.hpp>
#include <weir/actors/actor_process.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/base/exception_text.hpp>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessageBytes = 64 << 10;
constexpr std::size_t kWindow = 64;  // messages: 4 MiB, as Weir's links have

caf::behavior receiver(caf::event_based_actor* self) {
  return {
      [self](const weir::message::Frame& frame) { return weir::message::FrameTaken{frame.size_bytes()}; },
  };
}

struct Sending {
  caf::actor peer;
  Clock::time_point end;
  std::promise<std::size_t>* done = nullptr;
  std::size_t taken = 0;
};

caf::behavior sender(caf::stateful_actor<Sending>* self, caf::actor peer, Clock::time_point end, std::promise<std::size_t>* done) {
  self->state = {std::move(peer), end, done, 0};
  const auto send = [self] { self->send(self->state.peer, weir::message::Frame{{std::vector<std::byte>(kMessageBytes, std::byte{'x'})}}); };
  for (std::size_t i = 0; i < kWindow; ++i) send();
  return {
      [self, send](const weir::message::FrameTaken& taken) {
        if (self->state.done == nullptr) return;
        self->state.taken += taken.bytes;
        if (Clock::now() < self->state.end) return send();
        std::exchange(self->state.done, nullptr)->set_value(self->state.taken);
      },
  };
}

int receive(const weir::ActorProcessOptions& options) {
  weir::ActorProcessConfig config(options);
  caf::actor_system system(config);
  weir::ActorNetwork network(system, options.encryption());
  const auto port = network.listen(system.spawn(receiver), {"127.0.0.1", 0}).or_throw();
  std::cout << port << std::endl;
  std::promise<void>().get_future().wait();  // until it is killed
  return 0;
}

int send(const std::string& port, double seconds, const weir::ActorProcessOptions& options) {
  weir::ActorProcessConfig config(options);
  caf::actor_system system(config);
  weir::ActorNetwork network(system, options.encryption());
  auto peer = network.connect("127.0.0.1:" + port).or_throw();
  std::promise<std::size_t> done;
  const auto begin = Clock::now();
  system.spawn(sender, std::move(peer), begin + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)), &done);
  const auto bytes = static_cast<double>(done.get_future().get());
  std::cout << bytes / std::chrono::duration<double>(Clock::now() - begin).count() << std::endl;
  std::_Exit(0);
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> line(words + 1, words + count);
  try {
    weir::ActorProcessOptions options;
    const std::size_t files = line.at(0) == "send" ? 3 : 1;
    if (line.size() == files + 3) {
      options.certificate = line[files];
      options.key = line[files + 1];
      options.ca = line[files + 2];
    }
    return files == 1 ? receive(options) : send(line.at(1), std::stod(line.at(2)), options);
  } catch (...) {
    std::cerr << "basp_raw: " << weir::current_exception_text() << '\n';
    return 1;
  }
}
