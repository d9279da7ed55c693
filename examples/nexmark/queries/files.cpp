// A query that writes files: q10.
#include "../plain_bid.hpp"
#include "../queries.hpp"
#include "../results.hpp"

namespace nexmark {

/// Every bid, in a directory for its minute: OUTPUT/2015-07-15/00-00.
void q10(const Site& site, const Output& output) {
  output.files(site.bids().map(plain), [](const PlainBid& bid) {
    return weir::utc_text(weir::EventTime{bid.date_time}, "%Y-%m-%d/%H-%M");
  });
}

}  // namespace nexmark
