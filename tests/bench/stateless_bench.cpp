// Records that go through, and records that are filtered and mapped. The first loop reads the records where they lie, the
// second copies each before it does anything else, as a program must that reads them from elsewhere.
#include "cases.hpp"
#include "engine.hpp"
#include "records.hpp"

namespace bench {
namespace {

std::uint64_t number_of(const FlatBid& bid) { return static_cast<std::uint64_t>(bid.auction ^ bid.bidder ^ bid.price ^ bid.at.ms); }
std::uint64_t number_of(const nexmark::Bid& bid) {
  return static_cast<std::uint64_t>(bid.auction ^ bid.bidder ^ bid.price ^ bid.date_time.ms) + bid.channel.size() + bid.url.size();
}

constexpr auto kNumberOf = [](const auto& bid) { return number_of(bid); };
constexpr auto kToEuro = [](auto bid) {
  bid.price = bid.price * 908 / 1000;
  return bid;
};
constexpr auto kHalf = [](const auto& bid) { return bid.bidder % 2 == 0; };

template <class B>
Outcome pass_in_place(const std::vector<B>& bids) {
  std::uint64_t sum = 0;
  for (const B& bid : bids) sum += number_of(bid);
  return {sum, nullptr};
}

template <class B>
Outcome pass_copying(const std::vector<B>& bids) {
  std::uint64_t sum = 0;
  for (const B& bid : bids) {
    B own = bid;
    benchmark::DoNotOptimize(own);
    sum += number_of(own);
  }
  return {sum, nullptr};
}

template <class B>
Outcome transform_in_place(const std::vector<B>& bids) {
  std::uint64_t sum = 0;
  for (const B& bid : bids) {
    if (!kHalf(bid)) continue;
    sum += number_of(kToEuro(bid));
  }
  return {sum, nullptr};
}

template <class B>
Outcome transform_copying(const std::vector<B>& bids) {
  std::uint64_t sum = 0;
  for (const B& bid : bids) {
    B own = bid;
    benchmark::DoNotOptimize(own);
    if (!kHalf(own)) continue;
    own.price = own.price * 908 / 1000;
    sum += number_of(own);
  }
  return {sum, nullptr};
}

template <class B>
Comparison pass_through(std::vector<B> records) {
  const auto source = weir::collection(std::move(records));
  const auto& bids = *source.records;
  return {.records = bids.size(),
          .engine = {"engine", [source] {
                       return run_engine(kNumberOf, [&](weir::Pipeline& pipeline, auto sink) {
                         pipeline.source("bids", source).sink("out", sink);
                       });
                     }},
          .loops = {{"in_place", [&bids] { return pass_in_place(bids); }}, {"copying", [&bids] { return pass_copying(bids); }}},
          .target = 0.6};
}

template <class B>
Comparison map_filter(std::vector<B> records) {
  const auto source = weir::collection(std::move(records));
  const auto& bids = *source.records;
  return {.records = bids.size(),
          .engine = {"engine", [source] {
                       return run_engine(kNumberOf, [&](weir::Pipeline& pipeline, auto sink) {
                         pipeline.source("bids", source).filter(kHalf).map(kToEuro).sink("out", sink);
                       });
                     }},
          .loops = {{"in_place", [&bids] { return transform_in_place(bids); }},
                    {"copying", [&bids] { return transform_copying(bids); }}},
          .target = 0.6};
}

}  // namespace

void add_stateless_cases(const Settings& settings) {
  const std::size_t flat = settings.scaled(50'000'000);
  const std::size_t full = settings.scaled(5'000'000);
  add_comparison(settings, "pass_through/flat", [flat] { return pass_through(flat_bids(flat, 1000)); });
  add_comparison(settings, "pass_through/strings", [full] { return pass_through(nexmark_bids(full)); });
  add_comparison(settings, "map_filter/flat", [flat] { return map_filter(flat_bids(flat, 1000)); });
  add_comparison(settings, "map_filter/strings", [full] { return map_filter(nexmark_bids(full)); });
}

}  // namespace bench
