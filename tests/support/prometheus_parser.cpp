#include <support/prometheus_parser.hpp>

#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>

namespace weir::testing {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kDigits = "0123456789";

/// One line, read from the left.
class Line {
 public:
  explicit Line(std::string_view text) : whole_(text), rest_(text) {}

  [[noreturn]] void fail(const std::string& why) const { throw std::runtime_error(why + ": " + std::string(whole_)); }
  bool done() const { return rest_.empty(); }
  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void expect(std::string_view text) {
    if (!skip(text)) fail("'" + std::string(text) + "' is missing");
  }
  std::string name() {
    std::size_t length = 0;
    while (length < rest_.size() && (kLetters.find(rest_[length]) != kLetters.npos || (length > 0 && kDigits.find(rest_[length]) != kDigits.npos))) ++length;
    if (length == 0) fail("a name is missing");
    return take(length);
  }
  std::string quoted() {
    expect("\"");
    std::string text;
    while (!skip("\"")) {
      if (done()) fail("a label does not end");
      if (skip("\\\\")) text += '\\';
      else if (skip("\\\"")) text += '"';
      else if (skip("\\n")) text += '\n';
      else if (rest_.front() == '\\') fail("an unknown escape");
      else text += take(1);
    }
    return text;
  }
  std::string rest() { return take(rest_.size()); }
  double number() {
    const std::string text = rest();
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    if (text == "-Inf") return -std::numeric_limits<double>::infinity();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    double value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.find_first_not_of("+-.e0123456789") != text.npos || end.ec != std::errc() || end.ptr != text.data() + text.size()) fail("no number");
    return value;
  }

 private:
  std::string take(std::size_t length) {
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }

  std::string_view whole_;
  std::string_view rest_;
};

class Parser {
 public:
  void line(std::string_view text) {
    Line line(text);
    if (line.skip("# HELP ")) return help(line);
    if (line.skip("# TYPE ")) return type(line);
    sample(line);
  }

  std::map<std::string, MetricFamily> finish() {
    close(Line(""));
    return std::move(families_);
  }

 private:
  void help(Line& line) {
    close(line);
    name_ = line.name();
    if (families_.contains(name_)) line.fail("a family in two places");
    line.expect(" ");
    families_[name_].help = line.rest();
    if (families_[name_].help.empty()) line.fail("a help is missing");
  }

  void type(Line& line) {
    if (line.name() != name_ || !families_[name_].type.empty()) line.fail("a type without its help");
    line.expect(" ");
    families_[name_].type = line.rest();
    const std::string& type = families_[name_].type;
    if (type != "counter" && type != "gauge") line.fail("an unknown type");
    if ((type == "counter") != name_.ends_with("_total")) line.fail("counters, and only they, end in _total");
  }

  void sample(Line& line) {
    MetricSample sample;
    sample.name = line.name();
    if (sample.name != name_ || families_[name_].type.empty()) line.fail("a sample outside its family");
    if (line.skip("{")) {
      do {
        const std::string label = line.name();
        line.expect("=");
        if (!sample.labels.emplace(label, line.quoted()).second) line.fail("a label twice");
      } while (line.skip(","));
      line.expect("}");
    }
    line.expect(" ");
    sample.value = line.number();
    if (families_[name_].type == "counter" && !(sample.value >= 0)) line.fail("a counter below 0");
    if (!seen_.insert({sample.name, sample.labels}).second) line.fail("a sample twice");
    families_[name_].samples.push_back(std::move(sample));
  }

  void close(const Line& line) const {
    if (!name_.empty() && families_.at(name_).samples.empty()) line.fail("no sample of " + name_ + " before");
  }

  std::string name_;
  std::map<std::string, MetricFamily> families_;
  std::set<std::pair<std::string, std::map<std::string, std::string>>> seen_;
};

}  // namespace

std::map<std::string, MetricFamily> parse_metrics(std::string_view text) {
  if (!text.empty() && text.back() != '\n') throw std::runtime_error("the last line does not end");
  Parser parser;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    parser.line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return parser.finish();
}

}  // namespace weir::testing
