#include <weir/connectors/part_files.hpp>

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include <weir/connectors/input_file.hpp>

namespace weir {
namespace {

constexpr std::string_view kHiddenSuffix = ".inprogress";
constexpr std::size_t kCopyBytes = 1 << 20;  // large enough that the calls do not count

/// Takes a number without sign and superfluous zeros from the front of a text.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || (text.front() == '0' && length > 1)) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

/// Takes "." job "." attempt from the end of a text.
std::optional<AttemptId> take_attempt(std::string_view& text) {
  AttemptId id;
  for (std::uint64_t* number : {&id.attempt, &id.job}) {
    const std::size_t dot = text.rfind('.');
    if (dot == std::string_view::npos || dot + 1 == text.size()) return std::nullopt;
    std::string_view digits = text.substr(dot + 1);
    const auto taken = take_number<std::uint64_t>(digits);
    if (!taken || !digits.empty()) return std::nullopt;
    *number = *taken;
    text = text.substr(0, dot);
  }
  return id;
}

void require_bucket(const std::string& bucket) {
  const std::filesystem::path path(bucket);
  bool usable = path.is_relative() && !bucket.ends_with('/');
  for (const auto& part : path) usable &= !part.empty() && part.string().front() != '.';
  if (!usable) {
    throw PermanentFailure("'" + bucket +
                  "' cannot be a bucket of part files: it must be a relative path, and no part of "
                  "it may begin with a dot");
  }
}

}  // namespace

PartFiles::PartFiles(PartOptions options, FileSystem& files)
    : options_(std::move(options)), files_(files) {
  if (options_.directory.empty()) throw Failure("a sink of part files has no directory; name one");
  if (options_.prefix.empty() || options_.prefix.front() == '.' ||
      options_.prefix.find('/') != std::string::npos) {
    throw Failure(
        "'" + options_.prefix +
        "' cannot be the prefix of part files: it must be a name that does not begin with a dot");
  }
  if (options_.max_open_parts == 0) throw Failure("max_open_parts must be at least 1");
  options_.directory = std::filesystem::absolute(options_.directory / "").lexically_normal();
}

void PartFiles::open(OperatorContext& context) {
  context_ = &context;
  for (std::filesystem::path made = options_.directory;
       !files_.size(made) && made.has_relative_path(); made = directory_of(made)) {
    unsynced_directories_.insert(directory_of(made));
  }
  files_.make_directories(options_.directory);
  unsynced_directories_.insert(options_.directory);
  claim_.open(context, {WrittenFiles::Kind::Parts, (options_.directory / options_.prefix).string()});
  take_lanes();
  remove_leftovers();
  probe();
  // Not before: those of a savepoint are published by now.
  if (!context.checkpointed()) disposable_ = {context.attempt(), context.task()};
}

PartFiles::~PartFiles() {
  if (!disposable_) return;
  try {
    open_.clear();
    for (const auto& path : files_.list(options_.directory, FileSystem::Depth::Recursive)) {
      const auto part = parse(path.filename().string());
      if (part && part->hidden_by == disposable_->first && part->lane == disposable_->second) files_.remove(path);
    }
  } catch (...) {
    // They stay, and the next run removes them.
  }
}

/// Publishes what the state holds for this task's lanes. Lanes of tasks that are no more keep their next number, for a time
/// when there are as many tasks again.
void PartFiles::take_lanes() {
  lanes_ = &context_->state().list<PartLane>("parts", ChunkKind::Union);
  begin_ = lanes_->empty() ? Begin::Fresh : Begin::Restored;
  std::erase_if(*lanes_, [&](const PartLane& lane) { return !mine(lane.lane); });
  for (PartLane& lane : *lanes_) {
    for (const StoredPart& part : std::exchange(lane.rolled, {})) recover_rolled(lane, part);
    for (const StoredPart& part : std::exchange(lane.open, {})) recover_open(lane, part);
  }
  std::erase_if(*lanes_,
                [&](const PartLane& lane) { return lane.directory != options_.directory; });
  const auto own = std::find_if(lanes_->begin(), lanes_->end(), [&](const PartLane& lane) {
    return lane.lane == context_->task();
  });
  if (own == lanes_->end()) {
    lanes_->insert(lanes_->begin(), {context_->task(), options_.directory.string(), 0, {}, {}, 0});
  } else {
    std::iter_swap(own, lanes_->begin());
  }
}

void PartFiles::recover_rolled(const PartLane& lane, const StoredPart& part) {
  const std::filesystem::path to = visible(lane, part);
  const std::filesystem::path from = hidden(lane, part);
  unsynced_directories_.insert(directory_of(to));
  if (files_.size(from)) files_.rename(from, to);
}

void PartFiles::recover_open(const PartLane& lane, const StoredPart& part) {
  const std::filesystem::path to = visible(lane, part);
  const std::filesystem::path from = hidden(lane, part);
  unsynced_directories_.insert(directory_of(to));
  if (files_.size(from)) {
    if (context_->attempt().job == 0) {  // nobody else can be writing to it
      files_.open(from, part.bytes)->sync();
      files_.rename(from, to);
    } else {
      publish_copy(from, lane, part);
      files_.remove(from);
    }
  } else if (const auto size = files_.size(to)) {
    if (*size != part.bytes) files_.open(to, part.bytes)->sync();
  } else {
    throw PermanentFailure("rows are lost: " + from.string() + " is gone, of which the checkpoint covers " +
                  std::to_string(part.bytes) + " bytes; restore it or start over");
  }
}

/// What the checkpoint covers of a part, by way of a hidden file of this attempt.
void PartFiles::publish_copy(const std::filesystem::path& from, const PartLane& lane, const StoredPart& part) {
  const std::filesystem::path copy = hidden(lane, mine(part.bucket, part.number, part.bytes));
  const InputFile rows(from.string());
  const auto file = files_.open(copy, 0);
  std::string block(std::min<std::uint64_t>(kCopyBytes, part.bytes), '\0');
  for (std::uint64_t at = 0; at < part.bytes;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), part.bytes - at));
    const std::size_t got = rows.read(at, std::span(block.data(), want));
    if (got == 0) throw Failure("cannot read " + from.string() + ": it became shorter");
    file->append({block.data(), got});
    at += got;
  }
  file->sync();
  files_.rename(copy, visible(lane, part));
}

void PartFiles::remove_leftovers() {
  for (const auto& path : files_.list(options_.directory, FileSystem::Depth::Recursive)) {
    const auto part = parse(path.filename().string());
    if (!part || !mine(part->lane)) continue;
    const bool is_hidden = part->hidden_by.has_value();
    const AttemptId self = context_->attempt();
    if (is_hidden && self.job != 0 && *part->hidden_by > self) continue;  // this task belongs to an attempt that is over
    const auto lane = std::find_if(lanes_->begin(), lanes_->end(),
                                   [&](const PartLane& known) { return known.lane == part->lane; });
    const bool known = lane != lanes_->end();
    if (begin_ == Begin::Fresh && !is_hidden) {
      outdated_.push_back(path);
      if (known) lane->next_number = std::max(lane->next_number, part->number + 1);
    } else if (is_hidden || !known || part->number >= lane->next_number || part->number < lane->first_number) {
      remove(path);
    }
  }
  if (begin_ == Begin::Fresh) own_lane().first_number = own_lane().next_number;
}

void PartFiles::remove(const std::filesystem::path& part) {
  files_.remove(part);
  unsynced_directories_.insert(directory_of(part));
}

/// A directory that cannot be written is found out before there are rows.
void PartFiles::probe() {
  const auto path = hidden(own_lane(), mine("", own_lane().next_number, 0));
  files_.open(path, 0);
  files_.remove(path);
}

std::filesystem::path PartFiles::visible(const PartLane& lane, const StoredPart& part) const {
  const std::string name = options_.prefix + "-" + std::to_string(lane.lane) + "-" +
                           std::to_string(part.number) + options_.suffix;
  return std::filesystem::path(lane.directory) / part.bucket / name;
}

std::filesystem::path PartFiles::hidden(const PartLane& lane, const StoredPart& part) const {
  const std::filesystem::path shown = visible(lane, part);
  return shown.parent_path() / ("." + shown.filename().string() + "." + std::to_string(part.job) + "." + std::to_string(part.attempt) +
                                std::string(kHiddenSuffix));
}

/// A part that this attempt writes.
StoredPart PartFiles::mine(const std::string& bucket, std::uint64_t number, std::uint64_t bytes) const {
  const AttemptId id = context_->attempt();
  return {bucket, number, bytes, 0, id.job, id.attempt};
}

std::optional<PartFiles::PartName> PartFiles::parse(std::string_view name) const {
  PartName part;
  if (name.starts_with('.') && name.ends_with(kHiddenSuffix)) {
    name.remove_prefix(1);
    name.remove_suffix(kHiddenSuffix.size());
    part.hidden_by = take_attempt(name);
    if (!part.hidden_by) return std::nullopt;
  }
  const std::string prefix = options_.prefix + "-";
  if (!name.starts_with(prefix) || !name.ends_with(options_.suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name.size() < options_.suffix.size()) return std::nullopt;
  name.remove_suffix(options_.suffix.size());
  if (name.empty()) return std::nullopt;
  const auto lane = take_number<std::uint32_t>(name);
  if (!lane || name.size() < 2 || name.front() != '-') return std::nullopt;
  name.remove_prefix(1);
  const auto number = take_number<std::uint64_t>(name);
  if (!number || !name.empty()) return std::nullopt;
  part.lane = *lane;
  part.number = *number;
  return part;
}

void PartFiles::write(const std::string& bucket, std::string_view rows) {
  if (rows.empty()) return;
  OpenPart& part = part_for(bucket);
  part.file->append(rows);
  part.bytes += rows.size();
  part.synced = false;
  if (part.bytes >= options_.roll_bytes) roll(open_.find(bucket));
}

PartFiles::OpenPart& PartFiles::part_for(const std::string& bucket) {
  const auto found = open_.find(bucket);
  if (found != open_.end()) return found->second;
  if (open_.size() >= options_.max_open_parts) roll_oldest();
  make_bucket(bucket);
  const std::uint64_t number = own_lane().next_number++;
  const auto path = hidden(own_lane(), mine(bucket, number, 0));
  auto file = files_.open(path, 0);
  file->append(options_.header);
  unsynced_directories_.insert(directory_of(path));
  context_->wake_at(context_->now() + options_.roll_after);
  return open_
      .emplace(bucket, OpenPart{number, options_.header.size(), context_->now(), std::move(file)})
      .first->second;
}

void PartFiles::make_bucket(const std::string& bucket) {
  if (bucket.empty() || buckets_.contains(bucket)) return;
  require_bucket(bucket);
  files_.make_directories(options_.directory / bucket);
  for (std::filesystem::path path = bucket; !path.empty(); path = path.parent_path()) {
    unsynced_directories_.insert(directory_of(options_.directory / path));
  }
  buckets_.insert(bucket);
}

void PartFiles::roll(OpenParts::iterator part) {
  part->second.file->sync();
  own_lane().rolled.push_back(mine(part->first, part->second.number, part->second.bytes));
  open_.erase(part);
}

void PartFiles::roll_oldest() {
  roll(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
    return a.second.number < b.second.number;
  }));
}

void PartFiles::on_processing_time(ProcessingTime now) {
  std::optional<ProcessingTime> next;
  for (auto part = open_.begin(); part != open_.end();) {
    const auto current = part++;
    const ProcessingTime due = current->second.since + options_.roll_after;
    if (due <= now) {
      roll(current);
    } else {
      next = next ? std::min(*next, due) : due;
    }
  }
  if (next) context_->wake_at(*next);
}

void PartFiles::before_snapshot(CheckpointId checkpoint) {
  claim_.before_snapshot(checkpoint);
  if (context_->last_snapshot()) finish();
  PartLane& lane = own_lane();
  for (StoredPart& part : lane.rolled) {
    if (part.checkpoint == 0) part.checkpoint = checkpoint;
  }
  lane.open.clear();
  for (auto& [bucket, part] : open_) {
    if (!std::exchange(part.synced, true)) part.file->sync();
    lane.open.push_back(mine(bucket, part.number, part.bytes));
  }
  sync_names();
}

void PartFiles::on_complete(CheckpointId checkpoint) {
  PartLane& lane = own_lane();
  const auto covered = [&](const StoredPart& part) {
    return part.checkpoint != 0 && part.checkpoint <= checkpoint;
  };
  if (!outdated_.empty()) {
    for (const auto& part : std::exchange(outdated_, {})) remove(part);
    sync_names();
  }
  std::set<std::filesystem::path> directories;
  for (const StoredPart& part : lane.rolled) {
    if (!covered(part)) continue;
    const std::filesystem::path to = visible(lane, part);
    files_.rename(hidden(lane, part), to);
    directories.insert(directory_of(to));
  }
  for (const auto& directory : directories) files_.sync_directory(directory);
  std::erase_if(lane.rolled, covered);
  claim_.on_complete(checkpoint);
}

void PartFiles::finish() {
  while (!open_.empty()) roll(open_.begin());
}

void PartFiles::sync_names() {
  for (const auto& directory : unsynced_directories_) files_.sync_directory(directory);
  unsynced_directories_.clear();
}

}  // namespace weir
