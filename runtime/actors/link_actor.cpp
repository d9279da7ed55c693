#include <weir/actors/link_actor.hpp>

#include <caf/all.hpp>

#include <weir/actors/messages.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/wire/control.hpp>

namespace weir {
namespace {

constexpr std::size_t kLargestFrame = 256 << 10;  // unless one item is larger

class Link {
 public:
  Link(caf::event_based_actor* self, LinkOptions options) : self_(self), options_(std::move(options)) {}

  void send(message::Outgoing& outgoing) {
    for (wire::EncodedItem& item : *outgoing.items) {
      waiting_bytes_ += item.size_bytes();
      waiting_.push_back(std::move(item));
    }
    flush();
  }

  void call(const message::Call& call) { greet(call.worker); }

  void called(const message::Called& called) {
    greet(called.peer);
    up(called.peer);
  }

  /// The end that was called answers.
  void answered(const message::Packet& packet) {
    if (packet.kind != name_of<wire::LinkHello>() || packet.job != options_.job || packet.attempt != options_.attempt || peer_) return;
    up(caf::actor_cast<caf::actor>(self_->current_sender()));
  }

  void taken(const message::FrameTaken& taken) {
    under_way_bytes_ -= std::min<std::size_t>(taken.bytes, under_way_bytes_);
    flush();
  }

  void arrived(message::Frame& frame) {
    const std::size_t size = frame.size_bytes();
    if (frame.pieces.size() != 1) return lose("a frame came in " + std::to_string(frame.pieces.size()) + " pieces");
    const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(frame.pieces.front()));
    auto parsed = wire::parse_frame(*bytes);
    if (!parsed) return lose(parsed.error().message);
    const wire::FrameHeader& header = parsed->header;
    if (header.attempt != options_.attempt) return lose("a frame of attempt " + std::to_string(header.attempt) + " came to attempt " + std::to_string(options_.attempt));
    if (header.sequence != received_) return lose("frame " + std::to_string(header.sequence) + " came where " + std::to_string(received_) + " was due");
    ++received_;
    for (std::size_t i = 0; i < header.items.size(); ++i) {
      if (!deal_out(header.items[i], bytes, parsed->blobs[i])) return lose("a frame names a task that is not here");
    }
    self_->send(peer_, message::FrameTaken{size});
  }

  void down() { lose("its connection is lost"); }

 private:
  bool deal_out(const wire::FrameItem& item, const std::shared_ptr<const std::vector<std::byte>>& frame, std::span<const std::byte> blob) {
    if (item.task >= options_.tasks->size() || !(*options_.tasks)[item.task]) return false;
    const caf::actor& task = (*options_.tasks)[item.task];
    if (item.kind == wire::FrameItem::Kind::Credit) {
      const Grant grant{static_cast<std::uint32_t>(item.number), static_cast<std::uint32_t>(item.second)};
      self_->send(task, message::Credit{item.edge, item.channel, grant});
    } else {
      self_->send(task, message::Arrived{item, frame, blob});
    }
    return true;
  }

  void greet(const caf::actor& whom) {
    self_->send(whom, message::make_packet(options_.job, options_.attempt, wire::LinkHello{options_.self}));
  }

  void up(caf::actor peer) {
    peer_ = std::move(peer);
    self_->monitor(peer_);
    self_->send(options_.worker, message::Linked{options_.peer});
    flush();
  }

  void flush() {
    if (!peer_ || lost_) return;
    std::size_t next = 0;
    while (next < waiting_.size() && may_send()) {
      std::vector<wire::EncodedItem> items;
      std::size_t bytes = 0;
      for (; next < waiting_.size() && (items.empty() || bytes + waiting_[next].size_bytes() <= kLargestFrame); ++next) {
        bytes += waiting_[next].size_bytes();
        items.push_back(std::move(waiting_[next]));
      }
      waiting_bytes_ -= bytes;
      message::Frame frame{wire::build_frame({options_.attempt, sent_++, {}}, std::move(items))};
      under_way_bytes_ += frame.size_bytes();
      self_->send(peer_, std::move(frame));
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(next));
  }

  bool may_send() const {
    if (under_way_bytes_ == 0) return true;
    return waiting_bytes_ >= kLeastFrame && under_way_bytes_ + kLeastFrame <= options_.window_bytes;
  }

  void lose(const std::string& why) {
    if (lost_) return;
    lost_ = true;
    self_->send(options_.worker, message::LinkLost{options_.peer, why});
  }

  caf::event_based_actor* self_;
  LinkOptions options_;
  caf::actor peer_;                    // null until it is known
  std::vector<wire::EncodedItem> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t under_way_bytes_ = 0;
  std::uint64_t sent_ = 0;             // frames
  std::uint64_t received_ = 0;
  bool lost_ = false;                  // nothing is sent any more
};

}  // namespace

caf::behavior link_actor(caf::event_based_actor* self, LinkOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto link = std::make_shared<Link>(self, std::move(options));
  self->set_down_handler([link](const caf::down_msg&) { link->down(); });
  return {
      [link](message::Outgoing& outgoing) { link->send(outgoing); },
      [link](message::Frame& frame) { link->arrived(frame); },
      [link](const message::FrameTaken& taken) { link->taken(taken); },
      [link](const message::Call& call) { link->call(call); },
      [link](const message::Called& called) { link->called(called); },
      [link](const message::Packet& packet) { link->answered(packet); },
  };
}

}  // namespace weir
