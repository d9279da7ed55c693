// A query that looks bids up in a table: q13.
#include <string>
#include <vector>

#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {
namespace {

struct SideRow {
  std::int64_t key = 0;
  std::string value;
};
WEIR_RECORD(SideRow, key, value);

/// A row for every key that there can be; its value is the key as text.
std::vector<SideRow> side_table() {
  std::vector<SideRow> rows;
  for (std::int64_t key = 0; key < 10'000; ++key) rows.push_back({key, std::to_string(key)});
  return rows;
}

}  // namespace

/// Every bid with what a table says of its auction.
void q13(const Site& site, const Output& output) {
  const auto table = site.pipeline().source("side table", weir::collection(side_table()));
  output.append(site.bids().lookup(
      "annotate", table, [](const Bid& bid) { return bid.auction % 10'000; }, &SideRow::key,
      [](const Bid& bid, const SideRow& row) {
        return AnnotatedBid{bid.auction, bid.bidder, bid.price, bid.date_time.ms, row.value};
      }));
}

}  // namespace nexmark
