// libraft's structs as a RaftServer owns them. For raft_server.cpp and raft_callbacks.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The header of 0.22 checks its own layout by expressions that are no C++.
#define static_assert(...)
extern "C" {
#include <raft.h>
}
#undef static_assert

#include <weir/consensus/raft_server.hpp>

// Headers before 0.17, such as Debian 12's, name no version; that library has faults which 0.17 mended.
#if !defined(RAFT_VERSION_NUMBER)
#define WEIR_RAFT_BEFORE_0_17 1
#else
#define WEIR_RAFT_BEFORE_0_17 0
#endif

#if defined(RAFT_VERSION_NUMBER) && RAFT_VERSION_NUMBER >= 1900
#define WEIR_RAFT_SINCE_0_19 1
#else
#define WEIR_RAFT_SINCE_0_19 0
#endif

namespace weir {

#if WEIR_RAFT_BEFORE_0_17
constexpr raft_tribool kPreVote = raft_tribool_true;
constexpr raft_tribool kRealVote = raft_tribool_false;
#else
constexpr bool kPreVote = true;
constexpr bool kRealVote = false;
#endif

/// libraft's numbers, whose names differ between versions.
namespace MessageKind {
constexpr unsigned short kAppendEntries = 1;
constexpr unsigned short kAppendResult = 2;
constexpr unsigned short kRequestVote = 3;
constexpr unsigned short kVoteResult = 4;
constexpr unsigned short kInstallSnapshot = 5;
constexpr unsigned short kTimeoutNow = 6;
}  // namespace MessageKind

struct RaftServer::Raft {
  ::raft server{};
  raft_io io{};
  raft_fsm fsm{};
  raft_io_tick_cb tick = nullptr;
  raft_io_recv_cb receive = nullptr;
  raft_io_close_cb closed = nullptr;
  struct raft_barrier barrier {};
  raft_change change{};
  struct raft_transfer transfer {};
  std::string disk_error;  // why the last call to the disk failed
  StoredLog stored;        // what load gave to libraft
  bool initialized = false;
};

struct RaftServer::Callbacks {
  static void install(RaftServer& server);
  static RaftServer& of(raft_io* io) { return *static_cast<RaftServer*>(io->impl); }
  static RaftServer& of(raft_fsm* fsm) { return *static_cast<RaftServer*>(fsm->data); }

  static int init(raft_io* io, raft_id id, const char* address);
  static void close(raft_io* io, raft_io_close_cb done);
  static int load(raft_io* io, raft_term* term, raft_id* voted_for, raft_snapshot** snapshot, raft_index* first_index,
                  raft_entry* entries[], size_t* count);
  static int start(raft_io* io, unsigned interval_ms, raft_io_tick_cb tick, raft_io_recv_cb receive);
  static int set_term(raft_io* io, raft_term term);
  static int set_vote(raft_io* io, raft_id candidate);
  static int send(raft_io* io, raft_io_send* request, const raft_message* message, raft_io_send_cb done);
  static int append(raft_io* io, raft_io_append* request, const raft_entry entries[], unsigned count, raft_io_append_cb done);
  static int truncate(raft_io* io, raft_index index);
  static int snapshot_put(raft_io* io, unsigned trailing, raft_io_snapshot_put* request, const raft_snapshot* snapshot,
                          raft_io_snapshot_put_cb done);
  static int snapshot_get(raft_io* io, raft_io_snapshot_get* request, raft_io_snapshot_get_cb done);
  static raft_time time(raft_io* io);
  static int random(raft_io* io, int min, int max);

  static void changed(raft_change* request, int status);

  static int apply(raft_fsm* fsm, const raft_buffer* buffer, void** result);
  static int take_snapshot(raft_fsm* fsm, raft_buffer* buffers[], unsigned* count);
  static int restore(raft_fsm* fsm, raft_buffer* buffer);
};

/// Memory that libraft may free; never null, also for no bytes.
raft_buffer raft_copy(std::span<const std::byte> bytes);

std::vector<Member> members_of(const raft_configuration& configuration);

/// An own configuration for libraft; to be closed, or given away.
raft_configuration raft_configuration_of(const std::vector<Member>& members);

}  // namespace weir
