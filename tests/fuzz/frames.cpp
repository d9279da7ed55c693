// Hostile workers: frames of random bytes, and good ones with bytes changed, dropped and doubled. Taking one apart must give elements
// or a failure, and never leave the frame or make room for what is not there. Run it under the address sanitizer; every case is named
// by its seed.
#include <doctest/doctest.h>

#include <array>
#include <random>

#include <weir/wire/frame.hpp>

using namespace weir;

namespace frames_fuzz {

struct Item {
  std::int32_t number = 0;
  std::string text;
  bool flag = false;
  std::optional<std::string> maybe;
  std::vector<double> many;
  std::map<std::string, std::int64_t> index;
};
WEIR_RECORD(Item, number, text, flag, maybe, many, index);

using Random = std::mt19937_64;

std::vector<std::byte> good_frame(Random& random) {
  std::vector<wire::EncodedItem> items;
  for (auto left = random() % 4; left > 0; --left) {
    auto batch = std::make_unique<Batch<Item>>();
    for (auto rows = random() % 6; rows > 0; --rows) {
      Item item{static_cast<std::int32_t>(random()), std::string(random() % 12, 't'), random() % 2 == 0, {}, {}, {}};
      if (random() % 2) item.maybe = "there";
      item.many.resize(random() % 3);
      if (random() % 2) item.index["key"] = 4;
      batch->push(std::move(item), EventTime{static_cast<std::int64_t>(random())});
    }
    if (random() % 2) batch->origin = {std::make_shared<const std::string>("split"), 3};
    items.push_back(wire::encode_element(1, 0, std::move(batch)));
  }
  if (random() % 2) items.push_back(wire::encode_element(1, 0, Barrier{1, 0, Barrier::Mode::Savepoint, Barrier::Afterwards::End}));
  if (random() % 2) items.push_back(wire::encode_credit(1, 0, 0, {1, 2}));
  std::vector<std::byte> bytes;
  for (const auto& piece : wire::build_frame({1, 0, {}}, std::move(items))) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

std::vector<std::byte> changed(std::vector<std::byte> bytes, Random& random) {
  for (auto left = 1 + random() % 4; left > 0 && !bytes.empty(); --left) {
    const std::size_t at = random() % bytes.size();
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 6) {
      case 0: bytes.resize(at); break;
      case 1: bytes.erase(place); break;
      case 2: bytes.insert(place, static_cast<std::byte>(random())); break;
      case 3: *place = std::byte{0xff}; break;
      default: *place = static_cast<std::byte>(random()); break;
    }
  }
  bytes.shrink_to_fit();  // so that reading on is noticed
  return bytes;
}

enum class Outcome { Refused, Failed, Read };

Outcome take_apart(std::span<const std::byte> bytes) {
  const auto parsed = wire::parse_frame(bytes);
  if (!parsed) return Outcome::Refused;
  REQUIRE(parsed->blobs.size() == parsed->header.items.size());
  try {
    for (std::size_t i = 0; i < parsed->blobs.size(); ++i) {
      const auto blob = parsed->blobs[i];
      if (!blob.empty()) REQUIRE((blob.data() >= bytes.data() && blob.data() + blob.size() <= bytes.data() + bytes.size()));
      if (parsed->header.items[i].kind == wire::FrameItem::Kind::Credit) continue;
      const Element element = wire::decode_element(parsed->header.items[i], blob, record_type<Item>());
      if (const auto* batch = std::get_if<BatchPtr>(&element)) REQUIRE((*batch)->size() * sizeof(EventTime) <= bytes.size());
    }
  } catch (const Failure&) {
    return Outcome::Failed;
  }
  return Outcome::Read;
}

}  // namespace frames_fuzz

using namespace frames_fuzz;

TEST_CASE("a hostile frame is refused, fails, or is read within its bounds") {
  std::array<int, 3> outcomes{};
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<std::byte> bytes = good_frame(random);
    if (random() % 8 == 0) {
      bytes.resize(random() % 200);
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    } else if (random() % 8 != 0) {
      bytes = changed(std::move(bytes), random);
    }
    ++outcomes[static_cast<std::size_t>(take_apart(bytes))];
  }
  for (const int count : outcomes) CHECK(count > 100);  // all of them were tried
}
