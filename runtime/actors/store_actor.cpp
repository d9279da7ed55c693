#include <weir/actors/store_actor.hpp>

#include <functional>
#include <optional>
#include <set>
#include <utility>

#include <caf/all.hpp>

#include <weir/actors/part_store.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/actors/savepoint_export.hpp>
#include <weir/base/bytes.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/wire/control.hpp>

namespace weir {
namespace {

/// To the store itself: the disk's thread has done something for it.
struct DiskDone {
  std::function<void()> then;
};

}  // namespace
}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::DiskDone)

namespace weir {
namespace {

std::string describe(const wire::PartName& name) { return to_text(ChunkId{name.checkpoint, name.node, name.index, name.sequence}); }

constexpr const char* kKeeperGone = "a node that was to keep a copy is gone";

class Store {
 public:
  Store(caf::event_based_actor* self, StoreActorOptions options)
      : self_(self), options_(std::move(options)), parts_(std::make_shared<PartStore>(options_.job, options_.directory, options_.limit_bytes)) {}

  /// The one catch site of the store: what one request brings about costs that request.
  void on_packet(const message::Packet& packet) {
    try {
      take(packet);
    } catch (...) {
      const std::string why = current_exception_text();
      dispatch<wire::StoreParts>(packet, [&](const auto& m) { tell(asker(), packet.attempt, wire::PartsStored{m.request, why, 0}); });
      dispatch<wire::ReadParts>(packet, [&](const auto& m) { tell(asker(), packet.attempt, wire::PartsRead{m.request, {}, why}); });
    }
  }

  void take(const message::Packet& packet) {
    // The packet's bytes were checked by nobody yet; one that is wrong is answered by nobody either.
    dispatch<wire::StoreParts>(packet, [&](const auto& m) { on_store(packet, m); });
    dispatch<wire::PartsStored>(packet, [&](const auto& m) { on_stored(m); });
    dispatch<wire::ReadParts>(packet, [&](const auto& m) { on_read(packet, m); });
    dispatch<wire::PartsRead>(packet, [&](const auto& m) { asker() == self_ ? on_export_parts(m) : on_parts(m); });
    dispatch<wire::KeepParts>(packet, [&](const auto& m) { on_keep(m); });
    dispatch<wire::DropParts>(packet, [&](const auto& m) { on_drop(m); });
    dispatch<wire::RewindParts>(packet, [&](const auto& m) { on_rewind(packet.attempt, m); });
    dispatch<wire::ExportSavepoint>(packet, [&](const auto& m) { on_export(packet.attempt, m); });
    dispatch<wire::CloseParts>(packet, [&](const auto&) { on_disk([](PartStore& store) { store.close(); }); });
  }

  void on_forget() {
    on_disk([](PartStore& store) { store.remove(); });
    self_->quit();
  }

  void on_disk_done(const DiskDone& done) { done.then(); }

  void on_others(const message::OtherNodes& others) {
    options_.others = others.others;
    for (auto next = storing_.begin(); next != storing_.end();) {
      auto one = next++;
      for (const ClusterNodeId node : one->second.waiting) {
        if (node == options_.node || options_.others->contains(node)) continue;
        finish_storing(one, kKeeperGone);
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
    std::set<ClusterNodeId> waiting;  // nodes, this one among them
  };
  struct Reading {
    caf::actor asker;
    std::uint64_t attempt = 0;
    std::uint64_t request = 0;
    std::set<wire::PartName> missing;
    bool read_here = false;
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

  /// Does `work` with the disk, and then `then` with what came of it, as this actor.
  template <class Work, class Then>
  void with_disk(Work work, Then then) {
    options_.disk->run([parts = parts_, self = caf::actor_cast<caf::actor>(self_), work = std::move(work), then = std::move(then)] {
      auto result = attempt_at([&] { return work(*parts); });
      caf::anon_send(self, DiskDone{[then, result = std::move(result)]() mutable { then(std::move(result)); }});
    });
  }

  template <class Work>
  static auto attempt_at(Work&& work) -> decltype(work()) {
    try {
      return work();
    } catch (...) {
      return Error{current_exception_text()};
    }
  }

  void on_store(const message::Packet& packet, const wire::StoreParts& request) {
    const std::uint64_t number = ++last_number_;
    const auto one = storing_.emplace(number, Storing{asker(), packet.attempt, request.request, {}}).first;
    if (packet.attempt < attempt_) return finish_storing(one, "attempt " + std::to_string(packet.attempt) + " is over");
    attempt_ = packet.attempt;
    std::set<ClusterNodeId>& waiting = one->second.waiting;
    waiting.insert(request.keepers.begin(), request.keepers.end());
    if (request.parts.empty()) waiting.clear();
    for (const ClusterNodeId node : waiting) {
      if (node == options_.node) continue;
      const auto other = options_.others->find(node);
      if (other == options_.others->end()) return finish_storing(one, kKeeperGone);
      tell(other->second, packet.attempt, wire::StoreParts{number, {node}, request.parts});
    }
    if (waiting.empty()) return finish_storing(one, request.parts.empty() ? "" : "no node was to keep them");
    if (!waiting.contains(options_.node)) return;
    with_disk([parts = request.parts](PartStore& store) { return store.write(parts); },
              [this, number](const Result<void>& written) { on_written(number, written); });
  }

  void on_written(std::uint64_t number, const Result<void>& written) {
    const auto one = storing_.find(number);
    if (one == storing_.end()) return;
    if (!written) return finish_storing(one, written.error().message, options_.node);
    stored_by(one, options_.node);
  }

  void on_stored(const wire::PartsStored& stored) {
    const auto one = storing_.find(stored.request);
    if (one == storing_.end()) return;
    if (!stored.error.empty()) return finish_storing(one, "another node: " + stored.error, stored.node);
    for (const ClusterNodeId node : one->second.waiting) {
      const auto other = options_.others->find(node);
      if (other != options_.others->end() && same_node(other->second)) return stored_by(one, node);
    }
  }

  void stored_by(std::map<std::uint64_t, Storing>::iterator one, ClusterNodeId node) {
    one->second.waiting.erase(node);
    if (one->second.waiting.empty()) finish_storing(one, "");
  }

  /// Whether what is being handled came from that node's process.
  bool same_node(const caf::actor& other) const { return self_->current_sender() && self_->current_sender()->node() == other.node(); }

  void finish_storing(std::map<std::uint64_t, Storing>::iterator one, const std::string& error, ClusterNodeId failed = 0) {
    tell(one->second.asker, one->second.attempt, wire::PartsStored{one->second.request, error, failed});
    storing_.erase(one);
  }

  void on_read(const message::Packet& packet, const wire::ReadParts& request) {
    const std::uint64_t number = ++last_number_;
    reading_.emplace(number, Reading{asker(), packet.attempt, request.request, {}, false, {}, {}});
    with_disk([names = request.parts](PartStore& store) -> Result<PartStore::Found> { return store.read(names); },
              [this, number, ask_others = request.ask_others](Result<PartStore::Found> found) { on_read_here(number, std::move(found), ask_others); });
  }

  void on_read_here(std::uint64_t number, Result<PartStore::Found> result, bool ask_others) {
    const auto one = reading_.find(number);
    if (one == reading_.end()) return;
    Reading& reading = one->second;
    if (!result) {
      tell(reading.asker, reading.attempt, wire::PartsRead{reading.request, {}, result.error().message});
      return (void)reading_.erase(one);
    }
    PartStore::Found found = std::move(result).or_throw();
    reading.found = std::move(found.parts);
    if (ask_others && !found.missing.empty()) {
      reading.missing.insert(found.missing.begin(), found.missing.end());
      for (const auto& [node, other] : *options_.others) {
        reading.waiting.insert(node);
        tell(other, reading.attempt, wire::ReadParts{number, found.missing, false});
      }
    }
    reading.read_here = true;
    finish_reading(one);
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
    if (!reading.read_here || (!reading.missing.empty() && !reading.waiting.empty())) return;
    std::string error;
    if (!reading.missing.empty()) {
      error = "part " + describe(*reading.missing.begin()) + " and " + std::to_string(reading.missing.size() - 1) +
              " others are on no node that is up";
    }
    tell(reading.asker, reading.attempt, wire::PartsRead{reading.request, std::move(reading.found), error});
    reading_.erase(one);
  }

  // What fails in these costs room, or a copy, and is tried again with the next checkpoint.

  void on_keep(const wire::KeepParts& keep) {
    const auto manifest = decode(keep.manifest);
    if (!manifest) return;
    on_disk([manifest = *manifest, retained = keep.retained](PartStore& store) { (void)store.keep(manifest, retained); });
  }

  void on_drop(const wire::DropParts& drop) {
    on_disk([checkpoint = drop.checkpoint](PartStore& store) { (void)store.drop(checkpoint); });
  }

  void on_rewind(std::uint64_t attempt, const wire::RewindParts& rewind) {
    if (attempt <= attempt_) return;  // parts of this attempt may be here already
    attempt_ = attempt;
    if (rewind.manifest.empty()) return on_disk([](PartStore& store) { (void)store.clear(); });
    const auto manifest = decode(rewind.manifest);
    if (!manifest) return;
    on_disk([manifest = *manifest, retained = rewind.retained](PartStore& store) { (void)store.rewind(manifest, retained); });
  }

  struct WantedExport {
    caf::actor asker;
    std::uint64_t attempt = 0;
    Manifest manifest;
    std::filesystem::path directory;
  };
  struct Exporting {
    caf::actor asker;
    std::uint64_t attempt = 0;
    std::shared_ptr<SavepointExport> work;  // the disk's thread has it, too, while it is at it
  };

  /// While one is under way, its node has come to lead again: nobody waits for that one any more, and its end would pass for
  /// the end of this one.
  void on_export(std::uint64_t attempt, const wire::ExportSavepoint& request) {
    auto manifest = decode(request.manifest);
    if (!manifest) return tell(asker(), attempt, wire::SavepointWritten{manifest.error().message});
    wanted_export_ = WantedExport{asker(), attempt, std::move(manifest).or_throw(), request.directory};
    if (!exporting_) begin_export();
  }

  void begin_export() {
    WantedExport wanted = std::move(*std::exchange(wanted_export_, std::nullopt));
    const std::filesystem::path scratch = options_.directory.string() + kExportExtension;
    exporting_ = Exporting{std::move(wanted.asker), wanted.attempt,
                           std::make_shared<SavepointExport>(std::move(wanted.manifest), std::move(wanted.directory), scratch)};
    export_on();
  }

  /// Asks itself for the next parts, as a worker would.
  void export_on() {
    if (wanted_export_) return begin_export();
    const auto names = exporting_->work->next();
    if (!names.empty()) return tell(self_, exporting_->attempt, wire::ReadParts{++last_number_, names, true});
    with_disk([work = exporting_->work](PartStore&) { return work->finish(); }, [this](const Result<void>& done) { end_export(done); });
  }

  void on_export_parts(const wire::PartsRead& parts) {
    if (!exporting_) return;
    if (!parts.error.empty()) return end_export(Error{parts.error});
    with_disk([work = exporting_->work, bytes = parts.parts](PartStore&) { return work->add(bytes); }, [this](const Result<void>& added) {
      if (!exporting_) return;
      added ? export_on() : end_export(added);
    });
  }

  void end_export(const Result<void>& done) {
    if (!exporting_) return;
    if (wanted_export_) return begin_export();
    tell(exporting_->asker, exporting_->attempt, wire::SavepointWritten{done ? "" : done.error().message});
    exporting_.reset();
  }

  template <class Work>
  void on_disk(Work work) {
    options_.disk->run([parts = parts_, work = std::move(work)] {
      (void)attempt_at([&]() -> Result<void> {
        work(*parts);
        return {};
      });
    });
  }

  static Result<Manifest> decode(const std::string& manifest) {
    return decode_manifest(as_span(manifest));
  }

  caf::event_based_actor* self_;
  StoreActorOptions options_;
  std::shared_ptr<PartStore> parts_;        // used by the disk's thread alone
  std::uint64_t attempt_ = 0;               // parts of older ones are refused
  std::uint64_t last_number_ = 0;           // of requests to other nodes
  std::map<std::uint64_t, Storing> storing_;
  std::map<std::uint64_t, Reading> reading_;
  std::optional<Exporting> exporting_;
  std::optional<WantedExport> wanted_export_;  // once that is over
};

}  // namespace

caf::behavior store_actor(caf::event_based_actor* self, StoreActorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto store = std::make_shared<Store>(self, std::move(options));
  return {
      [store](const message::Packet& packet) { store->on_packet(packet); },
      [store](const message::OtherNodes& others) { store->on_others(others); },
      [store](const message::ForgetParts&) { store->on_forget(); },
      [store](const DiskDone& done) { store->on_disk_done(done); },
  };
}

}  // namespace weir
