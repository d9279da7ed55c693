#include <weir/connectors/committed_file.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>

#include <weir/base/hash.hpp>
#include <weir/connectors/input_file.hpp>

namespace weir {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;  // large enough that the calls do not count

/// What the names of a file's segments begin with.
std::string segment_prefix(const std::filesystem::path& path) { return "." + path.filename().string() + ".uncommitted-"; }

std::filesystem::path segment_path(const std::filesystem::path& path, AttemptId attempt, std::uint64_t number) {
  return directory_of(path) /
         (segment_prefix(path) + std::to_string(attempt.job) + "." + std::to_string(attempt.attempt) + "." + std::to_string(number));
}

std::filesystem::path segment_path(const std::filesystem::path& path, const StagedSegment& segment) {
  return segment_path(path, {segment.job, segment.attempt}, segment.number);
}

/// The attempt that a segment is of; nothing when the file is no segment of `path`.
std::optional<AttemptId> attempt_of(const std::filesystem::path& path, const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const std::string prefix = segment_prefix(path);
  if (!name.starts_with(prefix)) return std::nullopt;
  std::array<std::uint64_t, 3> numbers{};
  const char* at = name.data() + prefix.size();
  const char* const end = name.data() + name.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [rest, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{}) return std::nullopt;
    at = rest;
  }
  if (at != end) return std::nullopt;
  return AttemptId{numbers[0], numbers[1]};
}

/// Of the last bytes of the first `end` ones of a file, at the most `bytes`; nothing when it is shorter.
std::optional<std::uint64_t> tail_hash(const std::filesystem::path& path, std::uint64_t end, std::uint64_t bytes) {
  std::string tail(std::min(StagedSegment::kTailBytes, bytes), '\0');
  if (InputFile(path.string()).read(end - tail.size(), tail) != tail.size()) return std::nullopt;
  return hash_bytes(tail);
}

}  // namespace

CommittedFile::CommittedFile(const std::filesystem::path& path, std::string header,
                             FileSystem& files)
    : header_(std::move(header)), files_(files) {
  if (path.empty()) throw Failure("a file sink has no path; name the file to write");
  path_ = std::filesystem::absolute(path).lexically_normal();
}

void CommittedFile::open(OperatorContext& context) {
  if (context.parallelism() != 1) {
    throw PermanentFailure("sink '" + context.name() + "' writes one file, " + path_.string() + ", from " +
                  std::to_string(context.parallelism()) +
                  " tasks; give it .parallelism = 1, or use Files");
  }
  attempt_ = context.attempt();
  claim_.open(context, {WrittenFiles::Kind::One, path_.string()});
  state_ = &context.state().list<FileProgress>("file", ChunkKind::Split);
  if (state_->empty()) {
    start();
  } else {
    resume(context, state_->front());
  }
  disposable_ = !context.checkpointed();  // not before: those of a savepoint are published by now
}

CommittedFile::~CommittedFile() {
  if (!disposable_) return;
  try {
    segment_.reset();
    for (const auto& file : files_.list(directory_of(path_), FileSystem::Depth::Flat)) {
      if (attempt_of(path_, file) == attempt_) files_.remove(file);
    }
  } catch (...) {
    // They stay, and the next run removes them.
  }
}

void CommittedFile::start() {
  remove_leftovers();
  // A file that cannot be written is found out now.
  const auto bytes = files_.size(path_);
  files_.open(path_, bytes.value_or(0));
  if (!bytes) files_.remove(path_);
  state_->assign(1, {path_.string(), 0, 0, {}});
  segment().append(header_);
  segment_bytes_ = header_.size();
}

void CommittedFile::resume(OperatorContext& context, FileProgress& progress) {
  if (!left_at(progress.path, progress) && left_at(path_, progress)) progress.path = path_.string();
  const std::filesystem::path written = progress.path;
  if (written != path_ && files_.size(path_).value_or(0) > header_.size()) {
    throw PermanentFailure("the job's rows so far are in " + written.string() + ", but " + path_.string() +
                  " holds others; go on in the former, or name a file that does not exist");
  }
  std::unique_ptr<OutputLock> lock;  // on a file that this is not the claim on
  if (written != path_ && attempt_.job != 0 && !progress.staged.empty()) {
    lock = OutputLock::of_worker(context.name(), {WrittenFiles::Kind::One, written.string()}, attempt_.job);
  }
  for (const StagedSegment& segment : progress.staged) publish(written, segment);
  progress.staged.clear();
  if (lock) lock->remove();
  if (written != path_) return start();  // the job goes on in another file
  const std::uint64_t bytes = files_.size(path_).value_or(0);
  files_.open(path_, std::max(bytes, progress.bytes))->sync();  // a file that cannot be written, or is too short, is found out now
  to_cut_ = bytes > progress.bytes;
  remove_leftovers();
}

/// Whether anything is there of a file as far as a checkpoint covers it.
bool CommittedFile::left_at(const std::filesystem::path& path, const FileProgress& progress) const {
  const auto there = [&](const StagedSegment& staged) { return files_.size(segment_path(path, staged)).has_value(); };
  return files_.size(path) || std::any_of(progress.staged.begin(), progress.staged.end(), there);
}

/// The one that rows are written to.
OutputFile& CommittedFile::segment() {
  if (!segment_) segment_ = files_.open(segment_path(path_, attempt_, state_->front().next_number), 0);
  return *segment_;
}

void CommittedFile::remove_leftovers() {
  for (const auto& file : files_.list(directory_of(path_), FileSystem::Depth::Flat)) {
    const auto attempt = attempt_of(path_, file);
    if (attempt && (attempt_.job == 0 || *attempt <= attempt_)) files_.remove(file);
  }
}

void CommittedFile::write(std::string_view rows) {
  if (rows.empty()) return;
  segment().append(rows);
  segment_bytes_ += rows.size();
}

void CommittedFile::before_snapshot(CheckpointId checkpoint) {
  claim_.before_snapshot(checkpoint);
  if (!segment_) return;
  segment_->sync();
  segment_.reset();
  files_.sync_directory(directory_of(path_));
  FileProgress& progress = state_->front();
  StagedSegment staged{progress.next_number++, checkpoint, progress.bytes, segment_bytes_, attempt_.job, attempt_.attempt};
  staged.tail_hash = tail_hash(segment_path(path_, staged), staged.bytes, staged.bytes);
  progress.staged.push_back(staged);
  progress.bytes += std::exchange(segment_bytes_, 0);
}

void CommittedFile::on_complete(CheckpointId checkpoint) {
  auto& staged = state_->front().staged;
  std::size_t published = 0;
  for (; published < staged.size() && staged[published].checkpoint <= checkpoint; ++published) {
    publish(path_, staged[published]);
  }
  if (std::exchange(to_cut_, false) && published == 0) files_.open(path_, state_->front().bytes - staged_bytes())->sync();
  staged.erase(staged.begin(), staged.begin() + static_cast<std::ptrdiff_t>(published));
  claim_.on_complete(checkpoint);
}

/// That wait to be published.
std::uint64_t CommittedFile::staged_bytes() const {
  const auto& staged = state_->front().staged;
  return std::accumulate(staged.begin(), staged.end(), std::uint64_t{0}, [](std::uint64_t sum, const StagedSegment& one) { return sum + one.bytes; });
}

/// Whether a segment's rows are in their place. A checkpoint of an older Weir tells only how many bytes they are.
bool CommittedFile::is_in(const std::filesystem::path& path, const StagedSegment& segment) const {
  const std::uint64_t end = segment.begin + segment.bytes;
  if (files_.size(path).value_or(0) < end) return false;
  return !segment.tail_hash || segment.bytes == 0 || tail_hash(path, end, segment.bytes) == segment.tail_hash;
}

void CommittedFile::publish(const std::filesystem::path& path, const StagedSegment& segment) {
  const std::filesystem::path staged = segment_path(path, segment);
  const std::uint64_t end = segment.begin + segment.bytes;
  if (files_.size(staged) != segment.bytes) {
    if (is_in(path, segment)) return;
    throw PermanentFailure("rows for " + path.string() + " are lost: neither does it hold them before byte " +
                  std::to_string(end) + " nor is " + staged.string() +
                  " there, so something else wrote or removed them; restore it or start over");
  }
  const auto file = files_.open(path, segment.begin);
  const InputFile rows(staged.string());
  std::string block(std::min<std::uint64_t>(kCopyBytes, segment.bytes), '\0');
  for (std::uint64_t at = 0; at < segment.bytes;) {
    const std::size_t got = rows.read(at, block);
    if (got == 0) throw Failure("cannot read " + staged.string() + ": it became shorter");
    file->append({block.data(), got});
    at += got;
  }
  file->sync();
  if (segment.begin == 0) files_.sync_directory(directory_of(path));  // the file's name may be new
  files_.remove(staged);
}

}  // namespace weir
