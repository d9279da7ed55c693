// Bids come through channels: four that everybody knows and ten thousand others. Each has one url,
// the same in every event, every part and every run, drawn from the channel's number.
#pragma once

#include <string>
#include <vector>

namespace nexmark {

struct Channel {
  std::string name;
  std::string url;
};

struct Channels {
  std::vector<Channel> known;
  std::vector<Channel> numbered;  // channel-i at i
};

/// Built by the first caller; a constant from then on, for every thread.
const Channels& channels();

}  // namespace nexmark
