// What the Nexmark queries mean, written once more without an engine: plain loops over all events,
// which anybody can check by reading. A pipeline is right when its result holds the same rows.
//
// Every function gives the final result: retracted rows are gone and every window has fired. None
// looks at the order of the events or knows watermarks, so that it holds for any order in which no
// event is late. Rows come in no particular order; `sorted_lines` makes two results comparable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weir/record/record.hpp>

#include "examples/nexmark/records.hpp"
#include "examples/nexmark/results.hpp"

namespace nexmark::reference {

using Events = std::vector<Event>;

std::vector<PlainBid> q0(const Events& events);
std::vector<ConvertedBid> q1(const Events& events);
std::vector<AuctionPrice> q2(const Events& events);
std::vector<LocalItem> q3(const Events& events);
std::vector<CategoryAverage> q4(const Events& events);
std::vector<HotItem> q5(const Events& events);
std::vector<SellerAverage> q6(const Events& events);
std::vector<HighestBid> q7(const Events& events);
std::vector<NewSeller> q8(const Events& events);
std::vector<WinningBid> q9(const Events& events);
/// The rows of every file, by day (2015-07-15) and minute (00:00).
std::map<std::pair<std::string, std::string>, std::vector<PlainBid>> q10(const Events& events);
std::vector<BidderSession> q11(const Events& events);
std::vector<AnnotatedBid> q13(const Events& events,
                              const std::map<std::int64_t, std::string>& side);
std::vector<ClassifiedBid> q14(const Events& events);
std::vector<DayStatistics> q15(const Events& events);
std::vector<ChannelStatistics> q16(const Events& events);
std::vector<AuctionStatistics> q17(const Events& events);
std::vector<PlainBid> q18(const Events& events);
std::vector<RankedBid> q19(const Events& events);
std::vector<ItemBid> q20(const Events& events);
std::vector<ChannelBid> q21(const Events& events);
std::vector<UrlBid> q22(const Events& events);
std::vector<TradingBidder> q23(const Events& events);

inline std::string text_of(const std::string& field) { return field; }
inline std::string text_of(std::int64_t field) { return std::to_string(field); }

/// The names of a row's columns: a CSV file's first line.
template <class Row>
std::string header() {
  std::string line;
  weir::for_each_field<Row>([&](const auto& field) {
    if (!line.empty()) line += ',';
    line += field.name;
  });
  return line;
}

/// The rows as lines of CSV, sorted. No generated field has a comma or a quote in it.
template <class Row>
std::vector<std::string> sorted_lines(const std::vector<Row>& rows) {
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    weir::for_each_field<Row>([&](const auto& field) {
      line += text_of(row.*field.member);
      line += ',';
    });
    line.pop_back();
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace nexmark::reference
