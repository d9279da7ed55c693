// What a process that talks to others can choose. Values.
#pragma once

#include <cstdint>
#include <string>

#include <weir/base/time.hpp>

namespace weir {

enum class Encryption : std::uint8_t { Off, MutualTls };

struct ActorProcessOptions {
  std::uint32_t threads = 0;           // of the scheduler; 0: one per core
  Duration heartbeat{1000};            // between two signs of life on an idle connection; 0: none
  Duration connection_timeout{5000};   // of silence, after which a connection counts as lost
  // PEM files; all or none.
  std::string certificate = {};
  std::string key = {};
  std::string ca = {};

  Encryption encryption() const { return certificate.empty() ? Encryption::Off : Encryption::MutualTls; }
};

}  // namespace weir
