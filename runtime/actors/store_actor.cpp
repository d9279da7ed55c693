#include <weir/actors/store_actor.hpp>

#include <set>

#include <caf/all.hpp>

#include <weir/actors/remote_messages.hpp>
#include <weir/base/bytes.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/version.hpp>
#include <weir/state/checkpoint_store.hpp>
#include <weir/wire/control.hpp>

namespace weir {
namespace {

ChunkId chunk_of(const wire::PartName& name) { return {name.checkpoint, name.node, name.index, name.sequence}; }

wire::PartBytes with_bytes(const wire::PartName& name, const std::vector<std::byte>& bytes) {
  return {name.checkpoint, name.node, name.index, name.sequence, std::string(as_text(bytes))};
}

class Store {
 public:
  Store(caf::event_based_actor* self, StoreActorOptions options) : self_(self), options_(std::move(options)) {}

  /// The one catch site of the store: what one request brings about costs that request.
  void on_packet(const message::Packet& packet) {
    try {
      take(packet);
    } catch (...) {
      const std::string why = current_exception_text();
      dispatch<wire::StoreParts>(packet, [&](const auto& m) { tell(asker(), packet.attempt, wire::PartsStored{m.request, why}); });
      dispatch<wire::ReadParts>(packet, [&](const auto& m) { tell(asker(), packet.attempt, wire::PartsRead{m.request, {}, why}); });
    }
  }

  void take(const message::Packet& packet) {
    // The packet's bytes were checked by nobody yet; one that is wrong is answered by nobody either.
    dispatch<wire::StoreParts>(packet, [&](const auto& m) { on_store(packet, m); });
    dispatch<wire::PartsStored>(packet, [&](const auto& m) { on_stored(m); });
    dispatch<wire::ReadParts>(packet, [&](const auto& m) { on_read(packet, m); });
    dispatch<wire::PartsRead>(packet, [&](const auto& m) { on_parts(m); });
    dispatch<wire::KeepParts>(packet, [&](const auto& m) { on_keep(m); });
    dispatch<wire::RewindParts>(packet, [&](const auto& m) { on_rewind(packet.attempt, m); });
    dispatch<wire::ForgetJob>(packet, [&](const auto&) { on_forget(); });
  }

  void on_others(const message::OtherNodes& others) {
    options_.others = others.others;
    for (auto next = storing_.begin(); next != storing_.end();) {
      auto one = next++;
      for (const ClusterNodeId node : one->second.waiting) {
        if (options_.others->contains(node)) continue;
        finish_storing(one, "a node that was to keep a copy is gone");
        break;
      }
    }
    for (auto next = reading_.begin(); next != reading_.end();) {
      auto one = next++;
      std::erase_if(one->second.waiting, [&](ClusterNodeId node) { return !options_.others->contains(node); });
      finish_reading(one);
    }
  }

 private:
  struct Storing {
    caf::actor asker;
    std::uint64_t attempt = 0;
    std::uint64_t request = 0;  // the asker's number
    std::set<ClusterNodeId> waiting;
  };
  struct Reading {
    caf::actor asker;
    std::uint64_t attempt = 0;
    std::uint64_t request = 0;
    std::set<wire::PartName> missing;
    std::vector<wire::PartBytes> found;
    std::set<ClusterNodeId> waiting;
  };

  template <NamedRecord M, class Act>
  void dispatch(const message::Packet& packet, Act&& act) {
    if (packet.kind != name_of<M>()) return;
    if (const auto content = wire::decode<M>(packet.bytes)) act(*content);
  }

  caf::actor asker() const { return caf::actor_cast<caf::actor>(self_->current_sender()); }

  template <NamedRecord M>
  void tell(const caf::actor& whom, std::uint64_t attempt, const M& content) {
    self_->send(whom, message::make_packet(options_.job, attempt, content));
  }

  Result<CheckpointStore*> store() {
    if (!store_) {
      auto opened = CheckpointStore::open(options_.directory, {.job = store_name(), .weir_version = kVersion});
      if (!opened) return opened.error();
      store_ = std::move(opened).or_throw();
    }
    return store_.get();
  }
  std::string store_name() const { return "job " + std::to_string(options_.job); }

  void on_store(const message::Packet& packet, const wire::StoreParts& request) {
    const auto answer = [&](const std::string& error) { tell(asker(), packet.attempt, wire::PartsStored{request.request, error}); };
    if (packet.attempt < attempt_) return answer("attempt " + std::to_string(packet.attempt) + " is over");
    attempt_ = packet.attempt;
    Storing storing{asker(), packet.attempt, request.request, {}};
    const std::uint64_t number = ++last_number_;
    for (const ClusterNodeId node : request.replicas) {
      const auto other = options_.others->find(node);
      if (other == options_.others->end()) return answer("a node that was to keep a copy is gone");
      storing.waiting.insert(node);
      tell(other->second, packet.attempt, wire::StoreParts{number, {}, request.parts});
    }
    if (const auto written = write(request); !written) return answer(written.error().message);
    if (storing.waiting.empty()) return answer("");
    storing_.emplace(number, std::move(storing));
  }

  Result<void> write(const wire::StoreParts& request) {
    if (request.parts.empty()) return {};
    auto opened = store();
    if (!opened) return opened.error();
    const auto complete = (*opened)->checkpoints();
    std::vector<Chunk> chunks;
    for (const wire::PartBytes& part : request.parts) {
      if (!complete.empty() && part.checkpoint <= complete.front()) return Error{"checkpoint " + std::to_string(part.checkpoint) + " is over"};
      const auto bytes = as_span(part.bytes);
      chunks.push_back({{part.checkpoint, part.node, part.index, part.sequence}, {bytes.begin(), bytes.end()}});
    }
    return (*opened)->write(chunks, Durability::Now);
  }

  void on_stored(const wire::PartsStored& stored) {
    const auto one = storing_.find(stored.request);
    if (one == storing_.end()) return;
    if (!stored.error.empty()) return finish_storing(one, "another node: " + stored.error);
    for (const ClusterNodeId node : one->second.waiting) {
      const auto other = options_.others->find(node);
      if (other != options_.others->end() && same_node(other->second)) {
        one->second.waiting.erase(node);
        break;
      }
    }
    if (one->second.waiting.empty()) finish_storing(one, "");
  }

  /// Whether what is being handled came from that node's process.
  bool same_node(const caf::actor& other) const { return self_->current_sender() && self_->current_sender()->node() == other.node(); }

  void finish_storing(std::map<std::uint64_t, Storing>::iterator one, const std::string& error) {
    tell(one->second.asker, one->second.attempt, wire::PartsStored{one->second.request, error});
    storing_.erase(one);
  }

  void on_read(const message::Packet& packet, const wire::ReadParts& request) {
    Reading reading{asker(), packet.attempt, request.request, {}, {}, {}};
    auto opened = store();
    if (!opened) return tell(reading.asker, packet.attempt, wire::PartsRead{request.request, {}, opened.error().message});
    for (const wire::PartName& name : request.parts) {
      auto bytes = (*opened)->read(chunk_of(name));
      if (bytes) reading.found.push_back(with_bytes(name, *bytes));
      else reading.missing.insert(name);  // or damaged: another node's copy will do
    }
    const std::uint64_t number = ++last_number_;
    if (request.ask_others && !reading.missing.empty()) {
      for (const auto& [node, other] : *options_.others) {
        reading.waiting.insert(node);
        tell(other, packet.attempt, wire::ReadParts{number, {reading.missing.begin(), reading.missing.end()}, false});
      }
    }
    if (!request.ask_others) reading.missing.clear();
    finish_reading(reading_.emplace(number, std::move(reading)).first);
  }

  void on_parts(const wire::PartsRead& parts) {
    const auto one = reading_.find(parts.request);
    if (one == reading_.end()) return;
    for (const wire::PartBytes& part : parts.parts) {
      if (one->second.missing.erase({part.checkpoint, part.node, part.index, part.sequence}) > 0) one->second.found.push_back(part);
    }
    std::erase_if(one->second.waiting, [&](ClusterNodeId node) {
      const auto other = options_.others->find(node);
      return other == options_.others->end() || same_node(other->second);
    });
    finish_reading(one);
  }

  void finish_reading(std::map<std::uint64_t, Reading>::iterator one) {
    Reading& reading = one->second;
    if (!reading.missing.empty() && !reading.waiting.empty()) return;
    std::string error;
    if (!reading.missing.empty()) {
      error = "part " + to_text(chunk_of(*reading.missing.begin())) + " and " + std::to_string(reading.missing.size() - 1) +
              " others are on no node that is up";
    }
    tell(reading.asker, reading.attempt, wire::PartsRead{reading.request, std::move(reading.found), error});
    reading_.erase(one);
  }

  void on_keep(const wire::KeepParts& keep) {
    // What fails here costs room, or a copy, and is tried again with the next checkpoint.
    if (const auto manifest = decode(keep.manifest)) (void)commit_share(*manifest, keep.retained);
  }

  Result<void> commit_share(const Manifest& manifest, std::uint32_t retained) {
    auto opened = store();
    if (!opened) return opened.error();
    const auto complete = (*opened)->checkpoints();
    if (!complete.empty() && complete.front() >= manifest.checkpoint) return {};
    auto share = (*opened)->share_of(manifest);
    if (!share) return share.error();
    share->job = store_name();
    if (auto done = (*opened)->commit(*share); !done) return done;
    return (*opened)->retain(std::max(1U, retained));
  }

  void on_rewind(std::uint64_t attempt, const wire::RewindParts& rewind) {
    if (attempt <= attempt_) return;  // parts of this attempt may be here already
    attempt_ = attempt;
    auto opened = store();
    if (!opened) return;
    if (rewind.manifest.empty()) return (void)(*opened)->clear();
    const auto manifest = decode(rewind.manifest);
    if (!manifest) return;
    (void)commit_share(*manifest, 2);
    const auto complete = (*opened)->checkpoints();
    if (std::find(complete.begin(), complete.end(), manifest->checkpoint) != complete.end()) (void)(*opened)->rewind_to(manifest->checkpoint);
  }

  void on_forget() {
    store_.reset();
    std::error_code ignored;  // what is left takes room and does no harm
    std::filesystem::remove_all(options_.directory, ignored);
    self_->quit();
  }

  static Result<Manifest> decode(const std::string& manifest) {
    return decode_manifest(as_span(manifest));
  }

  caf::event_based_actor* self_;
  StoreActorOptions options_;
  std::unique_ptr<CheckpointStore> store_;  // empty until it is needed
  std::uint64_t attempt_ = 0;               // parts of older ones are refused
  std::uint64_t last_number_ = 0;           // of requests to other nodes
  std::map<std::uint64_t, Storing> storing_;
  std::map<std::uint64_t, Reading> reading_;
};

}  // namespace

caf::behavior store_actor(caf::event_based_actor* self, StoreActorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto store = std::make_shared<Store>(self, std::move(options));
  return {
      [store](const message::Packet& packet) { store->on_packet(packet); },
      [store](const message::OtherNodes& others) { store->on_others(others); },
  };
}

}  // namespace weir
