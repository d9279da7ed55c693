#include <weir/connectors/part_files.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir {
namespace {

constexpr std::string_view kHiddenSuffix = ".inprogress";

std::filesystem::path hidden(const std::filesystem::path& visible) {
  return visible.parent_path() / ("." + visible.filename().string() + std::string(kHiddenSuffix));
}

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
  take_lanes();
  remove_leftovers();
  probe();
}

/// Publishes what the state holds for this task's lanes. Lanes of tasks that are no more keep their next number, for a time
/// when there are as many tasks again.
void PartFiles::take_lanes() {
  lanes_ = &context_->state().list<PartLane>("parts", ChunkKind::Union);
  begin_ = lanes_->empty() ? Begin::Fresh : Begin::Restored;
  std::erase_if(*lanes_, [&](const PartLane& lane) { return !mine(lane.lane); });
  for (PartLane& lane : *lanes_) {
    for (const StoredPart& part : std::exchange(lane.rolled, {})) recover(lane, part, true);
    for (const StoredPart& part : std::exchange(lane.open, {})) recover(lane, part, false);
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

void PartFiles::recover(const PartLane& lane, const StoredPart& part, bool rolled) {
  const std::filesystem::path to = visible(lane, part);
  const std::filesystem::path from = hidden(to);
  unsynced_directories_.insert(directory_of(to));
  if (files_.size(from)) {
    files_.open(from, part.bytes)->sync();
    files_.rename(from, to);
  } else if (const auto size = files_.size(to)) {
    if (*size != part.bytes) files_.open(to, part.bytes)->sync();
  } else if (!rolled) {
    throw PermanentFailure("rows are lost: " + from.string() + " is gone, of which the checkpoint covers " +
                  std::to_string(part.bytes) + " bytes; restore it or start over");
  }
}

void PartFiles::remove_leftovers() {
  for (const auto& path : files_.list(options_.directory, FileSystem::Depth::Recursive)) {
    std::string name = path.filename().string();
    const bool is_hidden = name.starts_with('.') && name.ends_with(kHiddenSuffix);
    if (is_hidden) name = name.substr(1, name.size() - 1 - kHiddenSuffix.size());
    const auto part = parse(name);
    if (!part || !mine(part->lane)) continue;
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
  const auto path = hidden(visible(own_lane(), {"", own_lane().next_number, 0, 0}));
  files_.open(path, 0);
  files_.remove(path);
}

std::filesystem::path PartFiles::visible(const PartLane& lane, const StoredPart& part) const {
  const std::string name = options_.prefix + "-" + std::to_string(lane.lane) + "-" +
                           std::to_string(part.number) + options_.suffix;
  return std::filesystem::path(lane.directory) / part.bucket / name;
}

std::optional<PartFiles::PartName> PartFiles::parse(std::string name) const {
  if (!name.starts_with(options_.prefix + "-") || !name.ends_with(options_.suffix))
    return std::nullopt;
  std::string_view rest = name;
  rest.remove_prefix(options_.prefix.size() + 1);
  if (rest.size() < options_.suffix.size()) return std::nullopt;
  rest.remove_suffix(options_.suffix.size());
  if (rest.empty()) return std::nullopt;
  const auto lane = take_number<std::uint32_t>(rest);
  if (!lane || rest.size() < 2 || rest.front() != '-') return std::nullopt;
  rest.remove_prefix(1);
  const auto number = take_number<std::uint64_t>(rest);
  if (!number || !rest.empty()) return std::nullopt;
  return PartName{*lane, *number};
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
  const auto path = hidden(visible(own_lane(), {bucket, number, 0, 0}));
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
  own_lane().rolled.push_back({part->first, part->second.number, part->second.bytes, 0});
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
  if (context_->last_snapshot()) finish();
  PartLane& lane = own_lane();
  for (StoredPart& part : lane.rolled) {
    if (part.checkpoint == 0) part.checkpoint = checkpoint;
  }
  lane.open.clear();
  for (auto& [bucket, part] : open_) {
    if (!std::exchange(part.synced, true)) part.file->sync();
    lane.open.push_back({bucket, part.number, part.bytes, 0});
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
    files_.rename(hidden(to), to);
    directories.insert(directory_of(to));
  }
  for (const auto& directory : directories) files_.sync_directory(directory);
  std::erase_if(lane.rolled, covered);
}

void PartFiles::finish() {
  while (!open_.empty()) roll(open_.begin());
}

void PartFiles::sync_names() {
  for (const auto& directory : unsynced_directories_) files_.sync_directory(directory);
  unsynced_directories_.clear();
}

}  // namespace weir
