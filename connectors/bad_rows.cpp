#include <weir/connectors/bad_rows.hpp>

#include <weir/connectors/warning.hpp>

namespace weir {
namespace {

constexpr std::size_t kTextBytes = 4096;  // enough to see what is wrong; a row may have 16 MiB

}  // namespace

BadRowHandler::BadRowHandler(std::string file, BadRowOptions options, OperatorContext& context)
    : file_(std::make_shared<const std::string>(std::move(file))),
      options_(std::move(options)),
      context_(context) {}

void BadRowHandler::handle(const Row& row, const FormatError& error) {
  if (options_.rows == BadRows::Fail) throw PermanentFailure(error.message);
  if (options_.count) options_.count->add(1);
  if (options_.rows == BadRows::Skip) {
    if (skipped_++ == 0) first_ = error.message;
    return;
  }
  if (!collected_) {
    collected_ = std::make_unique<Batch<BadRow>>();
    collected_->origin = {file_, static_cast<std::int64_t>(error.line)};
  }
  collected_->push(
      {*file_, static_cast<std::int64_t>(error.line), static_cast<std::int64_t>(error.column),
       error.message, std::string(row.text.substr(0, kTextBytes))},
      EventTime::min());
}

void BadRowHandler::flush() {
  if (collected_) context_.emit(kPort, std::move(collected_));
}

void BadRowHandler::finish() {
  if (skipped_ == 0) return;
  warn(context_.name(), std::to_string(skipped_) + (skipped_ == 1 ? " bad row" : " bad rows") +
                            " of " + *file_ + " skipped; the first: " + first_);
}

}  // namespace weir
