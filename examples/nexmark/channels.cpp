#include "channels.hpp"

#include <array>
#include <cstdint>

#include "java_random.hpp"
#include "random_text.hpp"

namespace nexmark {
namespace {

constexpr std::int32_t numbered_channels = 10'000;
constexpr std::array known_channels = {"Google", "Facebook", "Baidu", "Apple"};

std::string page_url(JavaRandom& random) {
  TextBuffer url;
  url.append("https://www.nexmark.com");
  for (int depth = 0; depth < 3; ++depth) {
    url.append("/");
    url.append_words(random, 5, '_');
  }
  url.append("/item.htm?query=1");
  return url.text();
}

std::int64_t reversed(std::int32_t number) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= ((static_cast<std::uint32_t>(number) >> i) & 1U) << (31 - i);
  const std::int64_t value = static_cast<std::int32_t>(bits);
  return value < 0 ? -value : value;
}

Channel numbered_channel(std::int32_t number) {
  JavaRandom random(number);
  Channel channel{"channel-" + std::to_string(number), page_url(random)};
  if (random.next_int(10) > 0) channel.url += "&channel_id=" + std::to_string(reversed(number));
  return channel;
}

Channels build() {
  Channels all;
  all.numbered.reserve(numbered_channels);
  for (std::int32_t number = 0; number < numbered_channels; ++number) {
    all.numbered.push_back(numbered_channel(number));
  }
  for (std::size_t i = 0; i < known_channels.size(); ++i) {
    JavaRandom random(numbered_channels + static_cast<std::int64_t>(i));
    all.known.push_back({known_channels[i], page_url(random)});
  }
  return all;
}

}  // namespace

const Channels& channels() {
  static const Channels all = build();
  return all;
}

}  // namespace nexmark
