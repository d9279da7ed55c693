// A count per key, every record yielding its key's new count. The loops know the number of keys beforehand and reserve;
// the engine does not, and grows.
#include <unordered_map>

#include "cases.hpp"
#include "engine.hpp"
#include "open_map.hpp"
#include "records.hpp"

namespace bench {
namespace {

std::uint64_t number_of(std::int64_t key, std::int64_t count) { return static_cast<std::uint64_t>(key) * static_cast<std::uint64_t>(count); }
std::uint64_t number_of(const std::string& key, std::int64_t count) { return (key.size() + static_cast<std::uint8_t>(key.back())) * static_cast<std::uint64_t>(count); }

constexpr auto kNumberOf = [](const auto& keyed) { return number_of(keyed.key, keyed.value); };

template <class Map, class T, class Member>
Outcome count_by_hand(std::shared_ptr<Map> counts, const std::vector<T>& records, Member key) {
  std::uint64_t sum = 0;
  for (const T& record : records) sum += number_of(record.*key, ++(*counts)[record.*key]);
  return {sum, counts};
}

template <class Map>
std::shared_ptr<Map> reserved(std::uint64_t keys) {
  auto counts = std::make_shared<Map>();
  counts->reserve(keys);
  return counts;
}

template <class T, class Member>
Contender engine(weir::Collection<T> source, Member key) {
  return {"engine", [source, key] {
            return run_engine(kNumberOf, [&](weir::Pipeline& pipeline, auto sink) {
              pipeline.source("records", source).key_by(key).count("counts").sink("out", sink);
            });
          }};
}

Comparison by_number(std::size_t count, std::uint64_t keys) {
  const auto source = weir::collection(flat_bids(count, keys));
  const auto& bids = *source.records;
  using Map = std::unordered_map<std::int64_t, std::int64_t>;
  return {.records = bids.size(),
          .engine = engine(source, &FlatBid::auction),
          .loops = {{"unordered_map", [&bids, keys] { return count_by_hand(reserved<Map>(keys), bids, &FlatBid::auction); }},
                    {"open_map", [&bids, keys] { return count_by_hand(std::make_shared<OpenMap>(keys), bids, &FlatBid::auction); }}},
          .target = 0.4};
}

Comparison by_text(std::size_t count, std::uint64_t keys) {
  const auto source = weir::collection(visits(count, keys));
  const auto& all = *source.records;
  using Map = std::unordered_map<std::string, std::int64_t>;
  return {.records = all.size(),
          .engine = engine(source, &Visit::user),
          .loops = {{"unordered_map", [&all, keys] { return count_by_hand(reserved<Map>(keys), all, &Visit::user); }}},
          .target = 0.4};
}

}  // namespace

void add_keyed_count_cases(const Settings& settings) {
  const std::size_t records = settings.scaled(40'000'000);
  for (const auto& [keys, name] : {std::pair<std::uint64_t, const char*>{1'000, "1e3"}, {100'000, "1e5"}, {1'000'000, "1e6"}, {10'000'000, "1e7"}}) {
    add_comparison(settings, std::string("keyed_count/") + name, [records, keys = keys] { return by_number(records, keys); });
  }
  const std::size_t texts = settings.scaled(10'000'000);
  add_comparison(settings, "keyed_count/text_1e5", [texts] { return by_text(texts, 100'000); });
}

}  // namespace bench
