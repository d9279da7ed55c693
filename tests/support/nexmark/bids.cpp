// Queries that look at one bid at a time.
#include <cctype>
#include <cstdio>
#include <optional>

#include "calendar.hpp"
#include "reference.hpp"

namespace nexmark::reference {
namespace {

PlainBid plain(const Bid& bid) {
  return {bid.auction, bid.bidder, bid.price, bid.date_time.ms, bid.extra};
}

/// price * 0.908 with three decimals.
std::string converted(std::int64_t price) {
  const std::int64_t thousandths = price * 908;
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(thousandths / 1000),
                static_cast<long long>(thousandths % 1000));
  return text;
}

std::string time_type(int hour) {
  if (hour >= 8 && hour <= 18) return "dayTime";
  if (hour <= 6 || hour >= 20) return "nightTime";
  return "otherTime";
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<std::string> channel_id(const Bid& bid) {
  const std::string channel = lower(bid.channel);
  if (channel == "apple") return "0";
  if (channel == "google") return "1";
  if (channel == "facebook") return "2";
  if (channel == "baidu") return "3";
  const std::string parameter = "&channel_id=";
  const std::size_t found = bid.url.find(parameter);
  if (found == std::string::npos) return std::nullopt;
  const std::size_t begin = found + parameter.size();
  return bid.url.substr(begin, bid.url.find('&', begin) - begin);
}

std::vector<std::string> parts_of(const std::string& url) {
  std::vector<std::string> parts(1);
  for (const char c : url) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::vector<PlainBid> q0(const Events& events) {
  std::vector<PlainBid> rows;
  for (const Event& event : events) {
    if (event.bid) rows.push_back(plain(*event.bid));
  }
  return rows;
}

std::vector<ConvertedBid> q1(const Events& events) {
  std::vector<ConvertedBid> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    rows.push_back({bid.auction, bid.bidder, converted(bid.price), bid.date_time.ms, bid.extra});
  }
  return rows;
}

std::vector<AuctionPrice> q2(const Events& events) {
  std::vector<AuctionPrice> rows;
  for (const Event& event : events) {
    if (event.bid && event.bid->auction % 123 == 0)
      rows.push_back({event.bid->auction, event.bid->price});
  }
  return rows;
}

std::map<std::pair<std::string, std::string>, std::vector<PlainBid>> q10(const Events& events) {
  std::map<std::pair<std::string, std::string>, std::vector<PlainBid>> files;
  for (const Event& event : events) {
    if (!event.bid) continue;
    files[{day_of(event.bid->date_time), minute_of(event.bid->date_time)}].push_back(
        plain(*event.bid));
  }
  return files;
}

std::vector<AnnotatedBid> q13(const Events& events,
                              const std::map<std::int64_t, std::string>& side) {
  std::vector<AnnotatedBid> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    const auto found = side.find(bid.auction % 10'000);
    if (found == side.end()) continue;
    rows.push_back({bid.auction, bid.bidder, bid.price, bid.date_time.ms, found->second});
  }
  return rows;
}

std::vector<ClassifiedBid> q14(const Events& events) {
  std::vector<ClassifiedBid> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    const std::int64_t thousandths = bid.price * 908;
    if (thousandths <= 1'000'000'000 || thousandths >= 50'000'000'000) continue;
    rows.push_back({bid.auction, bid.bidder, converted(bid.price),
                    time_type(hour_of(bid.date_time)), bid.date_time.ms, bid.extra,
                    std::count(bid.extra.begin(), bid.extra.end(), 'c')});
  }
  return rows;
}

std::vector<ChannelBid> q21(const Events& events) {
  std::vector<ChannelBid> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    if (const auto id = channel_id(bid))
      rows.push_back({bid.auction, bid.bidder, bid.price, bid.channel, *id});
  }
  return rows;
}

std::vector<UrlBid> q22(const Events& events) {
  std::vector<UrlBid> rows;
  for (const Event& event : events) {
    if (!event.bid) continue;
    const Bid& bid = *event.bid;
    const std::vector<std::string> parts = parts_of(bid.url);
    rows.push_back(
        {bid.auction, bid.bidder, bid.price, bid.channel, parts.at(3), parts.at(4), parts.at(5)});
  }
  return rows;
}

}  // namespace nexmark::reference
