// Queries that look at one bid at a time: q0, q1, q2, q14, q21, q22.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>

#include "../calendar.hpp"
#include "../plain_bid.hpp"
#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {
namespace {

/// Thousandths of a cent: prices times 0.908, without the errors of floating point.
constexpr std::int64_t converted(std::int64_t price) { return price * 908; }

std::string decimal(std::int64_t thousandths) {
  const std::string fraction = std::to_string(thousandths % 1000);
  return std::to_string(thousandths / 1000) + '.' + std::string(3 - fraction.size(), '0') +
         fraction;
}

const char* time_type(weir::EventTime time) {
  const std::int64_t hour = nexmark::hour(time);
  if (hour >= 8 && hour <= 18) return "dayTime";
  if (hour <= 6 || hour >= 20) return "nightTime";
  return "otherTime";
}

/// The channels that everybody knows have short ids; others are told by the url.
std::optional<std::string> channel_id(const Bid& bid) {
  constexpr std::array<std::string_view, 4> known = {"apple", "google", "facebook", "baidu"};
  std::string channel = bid.channel;
  std::transform(channel.begin(), channel.end(), channel.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::find(known.begin(), known.end(), channel);
  if (found != known.end()) return std::to_string(found - known.begin());

  constexpr std::string_view parameter = "&channel_id=";
  const std::size_t at = bid.url.find(parameter);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + parameter.size();
  return bid.url.substr(begin, bid.url.find('&', begin) - begin);
}

/// The parts 3, 4 and 5 of a url: https://host/3/4/5/…; empty where there are fewer.
std::array<std::string, 3> directories(std::string_view url) {
  std::array<std::string, 3> found;
  std::size_t part = 0;
  for (std::size_t begin = 0; begin <= url.size() && part <= 5; ++part) {
    const std::size_t end = std::min(url.find('/', begin), url.size());
    if (part >= 3) found[part - 3] = url.substr(begin, end - begin);
    begin = end + 1;
  }
  return found;
}

}  // namespace

/// Every bid: what the engine costs by itself.
void q0(const Site& site, const Output& output) { output.append(site.bids().map(plain)); }

/// Prices in another currency.
void q1(const Site& site, const Output& output) {
  output.append(site.bids().map([](Bid bid) {
    return ConvertedBid{bid.auction, bid.bidder, decimal(converted(bid.price)), bid.date_time.ms,
                        std::move(bid.extra)};
  }));
}

/// The bids for a few auctions.
void q2(const Site& site, const Output& output) {
  output.append(site.bids()
                    .filter([](const Bid& bid) { return bid.auction % 123 == 0; })
                    .map([](const Bid& bid) {
                      return AuctionPrice{bid.auction, bid.price};
                    }));
}

/// The bids in a range of prices, classified by the time of day; and how many c's their extra has.
void q14(const Site& site, const Output& output) {
  output.append(site.bids()
                    .filter([](const Bid& bid) {
                      return converted(bid.price) > 1'000'000'000 &&
                             converted(bid.price) < 50'000'000'000;
                    })
                    .map([](Bid bid) {
                      const auto c_counts = std::count(bid.extra.begin(), bid.extra.end(), 'c');
                      return ClassifiedBid{bid.auction,
                                           bid.bidder,
                                           decimal(converted(bid.price)),
                                           time_type(bid.date_time),
                                           bid.date_time.ms,
                                           std::move(bid.extra),
                                           c_counts};
                    }));
}

/// The id of each bid's channel; bids without one are dropped.
void q21(const Site& site, const Output& output) {
  output.append(site.bids().flat_map<ChannelBid>([](const Bid& bid, auto&& out) {
    if (auto id = channel_id(bid))
      out({bid.auction, bid.bidder, bid.price, bid.channel, *std::move(id)});
  }));
}

/// The directories of each bid's url.
void q22(const Site& site, const Output& output) {
  output.append(site.bids().map([](Bid bid) {
    auto [dir1, dir2, dir3] = directories(bid.url);
    return UrlBid{bid.auction,     bid.bidder,      bid.price,      std::move(bid.channel),
                  std::move(dir1), std::move(dir2), std::move(dir3)};
  }));
}

}  // namespace nexmark
