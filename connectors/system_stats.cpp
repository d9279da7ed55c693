#include <weir/connectors/system_stats.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include <unistd.h>

namespace weir {
namespace {

/// The rest of the line that begins with `label`, without the label; empty when there is none.
std::optional<std::string_view> line_after(std::string_view text, std::string_view label) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(label)) return line.substr(label.size());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<std::int64_t> kibibytes(std::string_view text, std::string_view label) {
  auto line = line_after(text, label);
  const auto number = line ? take_number(*line) : std::nullopt;
  if (!number || *line != " kB") return std::nullopt;
  return static_cast<std::int64_t>(*number) * 1024;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty())
    throw Failure("cannot read " + path + ", which system statistics come from");
  return text.str();
}

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

class StatsReader final : public SplitReader<SystemSample> {
 public:
  StatsReader(SystemStats options, std::int64_t taken, OperatorContext& context)
      : options_(std::move(options)),
        context_(context),
        taken_(taken),
        last_(ticks()),
        due_(context.now() + options_.every) {}

  ReadResult read(Batch<SystemSample>& batch, std::size_t) override {
    if (options_.samples && taken_ >= *options_.samples) return ReadResult::end();
    const ProcessingTime now = context_.now();
    if (now < due_) return ReadResult::wait_for(due_ - now);
    const CpuTicks current = ticks();
    const MemoryUse memory = parse_memory(content_of(options_.proc + "/meminfo")).or_throw();
    batch.records.push_back({options_.host, busy_share(last_, current), memory.used_bytes,
                             memory.total_bytes, EventTime{now.ms}});
    last_ = current;
    ++taken_;
    while (due_ <= now) due_ = due_ + options_.every;  // what was missed is not made up for
    return ReadResult::more();
  }

  SplitPosition position() const override { return {taken_, taken_}; }

 private:
  CpuTicks ticks() const { return parse_cpu_ticks(content_of(options_.proc + "/stat")).or_throw(); }

  SystemStats options_;
  OperatorContext& context_;
  std::int64_t taken_;
  CpuTicks last_;
  ProcessingTime due_;
};

class StatsSource final : public Source<SystemSample> {
 public:
  explicit StatsSource(SystemStats options) : options_(std::move(options)) {
    if (options_.every.count() <= 0)
      throw Failure("the interval of system statistics must be longer than 0");
    if (options_.host.empty()) options_.host = machine_name();
  }
  std::vector<std::string> discover() override { return {"this machine"}; }
  std::unique_ptr<SplitReader<SystemSample>> open(const std::string&, const SplitPosition& from,
                                                  OperatorContext& context) override {
    return std::make_unique<StatsReader>(options_, from.offset, context);
  }

 private:
  SystemStats options_;
};

}  // namespace

Result<CpuTicks> parse_cpu_ticks(std::string_view proc_stat) {
  auto line = line_after(proc_stat, "cpu ");
  if (!line) return Error{"the text of /proc/stat has no line 'cpu'"};
  // user nice system idle iowait irq softirq steal; guest times, which follow, are in user and nice.
  std::array<std::uint64_t, 8> ticks{};
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const auto number = take_number(*line);
    if (!number && i < 4) return Error{"the line 'cpu' of /proc/stat has fewer than 4 numbers"};
    ticks[i] = number.value_or(0);
  }
  CpuTicks sum;
  for (const std::uint64_t number : ticks) sum.total += number;
  sum.busy = sum.total - ticks[3] - ticks[4];
  return sum;
}

Result<MemoryUse> parse_memory(std::string_view proc_meminfo) {
  const auto total = kibibytes(proc_meminfo, "MemTotal:");
  const auto available = kibibytes(proc_meminfo, "MemAvailable:");
  if (!total || !available)
    return Error{"the text of /proc/meminfo has no MemTotal or no MemAvailable in kB"};
  return MemoryUse{*total - *available, *total};
}

double busy_share(const CpuTicks& before, const CpuTicks& after) {
  if (after.total <= before.total || after.busy < before.busy) return 0;
  // The time spent waiting for disks may go back a little, which makes the total too small.
  return std::min(1.0, static_cast<double>(after.busy - before.busy) /
                           static_cast<double>(after.total - before.total));
}

std::unique_ptr<Source<SystemSample>> SystemStats::make() const {
  return std::make_unique<StatsSource>(*this);
}

}  // namespace weir
