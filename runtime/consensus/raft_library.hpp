// libraft's structs as a RaftServer owns them, and what differs between its versions. For raft_*.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
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

namespace weir {

#if WEIR_RAFT_BEFORE_0_17
constexpr int kRaftVersion = 0;
constexpr raft_tribool kPreVote = raft_tribool_true;
constexpr raft_tribool kRealVote = raft_tribool_false;
#else
constexpr int kRaftVersion = RAFT_VERSION_NUMBER;  // minor * 100 + release
constexpr bool kPreVote = true;
constexpr bool kRealVote = false;
#endif

/// From 0.19 on libraft is another program, and only its last version has been tried.
constexpr bool kUntried = kRaftVersion >= 1900 && kRaftVersion < 2200;

/// 0.22 takes the first command that it is given and forgets the others.
constexpr std::size_t kMostCommandsAtOnce = kRaftVersion >= 1900 ? 1 : std::numeric_limits<std::size_t>::max();

/// That there is no room for a snapshot of the own log 0.22 must be told at once, and the others later.
constexpr bool kNoRoomIsToldAtOnce = kRaftVersion >= 1900;

/// Results of votes that name no version are counted, by those that know versions, without asking what they were for.
constexpr unsigned char kVoteVersion = 2;

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
  // What was asked of libraft, without a callback: 0.22 calls none, unless its own disk and network are used. What became of it
  // is seen from what is applied.
  std::deque<std::unique_ptr<struct raft_apply>> commands;
  struct raft_barrier barrier {};
  raft_change change{};
  struct raft_transfer transfer {};
  StoredLog stored;                     // what load gave to libraft
  std::uint64_t snapshot_term = 0;      // of the snapshot that is being sent
  std::uint64_t unstored_snapshot = 0;  // index of the last own snapshot for which there was no room
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
