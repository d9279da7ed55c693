// What is found in a file before anyone loads it.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <random>

#include <weir/node/bundle.hpp>

#include "support/shared_object.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::shared_object_header;

namespace {

const std::string kMagic = std::string(kBundleMagicBegin).append(kBundleMagicEnd);

std::string mark_of(const std::string& version, const std::string& abi, const std::string& job) {
  std::string mark = kMagic + version + "\n" + abi + "\n" + job + "\n";
  mark.resize(kBundleMarkBytes);
  return mark;
}

std::string shared_object(const std::string& content, const Elf64_Ehdr& head = shared_object_header()) {
  std::string file(sizeof(head), '\0');
  std::memcpy(file.data(), &head, sizeof(head));
  return file + content;
}

std::string refusal(const std::string& file) {
  const auto mark = find_bundle_mark(file);
  REQUIRE_FALSE(mark.ok());
  return mark.error().message;
}

constexpr auto kMark = bundle_mark("word_count");

}  // namespace

TEST_CASE("the mark that WEIR_JOB leaves is found among other bytes") {
  const std::string mark(kMark.data(), kMark.size());
  const auto found = find_bundle_mark(shared_object("code" + mark + "more code"));
  REQUIRE(found.ok());
  CHECK(*found == own_bundle_mark("word_count"));
  CHECK(found->version == kVersion);
  CHECK(check_bundle_mark(*found, own_bundle_mark("")).ok());
}

TEST_CASE("the mark's abi names what code and node must have in common") {
  const std::string abi = own_bundle_mark("").abi;
  CHECK(abi.find("64-bit, c++abi ") != std::string::npos);
  CHECK(abi.find(", c++20") != std::string::npos);
  CHECK(abi.find(", layout ") != std::string::npos);
}

TEST_CASE("a bundle for another Weir is refused with both named") {
  const BundleMark node{"0.1.0", "abi a", ""};
  CHECK(check_bundle_mark({"0.2.0", "abi a", "q5"}, node).error().message ==
        "bundle q5 was built for Weir 0.2.0 (abi a), this node is Weir 0.1.0 (abi a); build it against the node's Weir");
  CHECK(check_bundle_mark({"0.1.0", "abi b", "q5"}, node).error().message ==
        "bundle q5 was built for Weir 0.1.0 (abi b), this node is Weir 0.1.0 (abi a); build it against the node's Weir");
}

TEST_CASE("what is no bundle is told apart") {
  const std::string mark = mark_of("1", "a", "j");
  CHECK(refusal("") == "is no job bundle: it is not a shared object");
  CHECK(refusal(mark) == "is no job bundle: it is not a shared object");
  CHECK(refusal(shared_object("")) == "is no job bundle: none of its sources has a WEIR_JOB");
  CHECK(refusal(shared_object(mark + mark_of("1", "a", "k"))) == "holds more than one job: j and k");

  Elf64_Ehdr other = shared_object_header();
  other.e_machine = EM_S390;
  CHECK(refusal(shared_object(mark, other)) == "is built for another processor");
  other = shared_object_header();
  other.e_type = ET_EXEC;
  CHECK(refusal(shared_object(mark, other)).starts_with("is a program, not a bundle; bundles lie in lib/jobs"));
  other.e_type = ET_REL;
  CHECK(refusal(shared_object(mark, other)) == "is no job bundle: it is not a shared object");
}

TEST_CASE("a program that lies anywhere in memory is still a program") {
  Elf64_Ehdr head = shared_object_header();
  head.e_phoff = sizeof(head);
  head.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_INTERP;
  std::string segments(sizeof(segment), '\0');
  std::memcpy(segments.data(), &segment, sizeof(segment));
  CHECK(refusal(shared_object(segments + mark_of("1", "a", "j"), head)).starts_with("is a program"));
}

TEST_CASE("a file that was copied in part is told from one without a job") {
  const auto cut_at = [](std::size_t bytes) {
    return "is damaged or incomplete: it ends at byte " + std::to_string(bytes) +
           ", before parts of it that its header names; copy or build it again";
  };
  const std::string mark = mark_of("1", "a", "j");
  Elf64_Ehdr head = shared_object_header();
  head.e_shoff = sizeof(head) + mark.size();
  head.e_shnum = 2;
  const std::string whole = shared_object(mark + std::string(2 * sizeof(Elf64_Shdr), '\0'), head);
  CHECK(find_bundle_mark(whole).ok());
  for (const std::size_t bytes : {whole.size() - 1, sizeof(head) + 10, sizeof(head), sizeof(head) - 1, std::size_t{SELFMAG}}) {
    CHECK(refusal(whole.substr(0, bytes)) == cut_at(bytes));
  }

  head = shared_object_header();
  head.e_phoff = std::numeric_limits<std::uint64_t>::max() - 3;  // wraps around
  head.e_phnum = 0xffff;
  CHECK(refusal(shared_object(mark, head)) == cut_at(sizeof(head) + mark.size()));

  head.e_phoff = sizeof(head);
  head.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_offset = 1;
  segment.p_filesz = std::numeric_limits<std::uint64_t>::max();
  std::string segments(sizeof(segment), '\0');
  std::memcpy(segments.data(), &segment, sizeof(segment));
  CHECK(refusal(shared_object(segments + mark, head)) == cut_at(sizeof(head) + segments.size() + mark.size()));
}

TEST_CASE("a mark that is cut short or holds other bytes is refused") {
  const std::string damaged = "has a damaged mark; build it again";
  const std::string mark = mark_of("1", "a", "j");
  CHECK(refusal(shared_object(mark.substr(0, mark.size() - 1))) == damaged);
  CHECK(refusal(shared_object(kMagic)) == damaged);
  CHECK(refusal(shared_object(mark_of("", "a", "j"))) == damaged);
  CHECK(refusal(shared_object(mark_of("1", "a", "j\x1b[31m"))) == damaged);
  CHECK(refusal(shared_object(mark_of("1", "a", "j\nmore"))) == damaged);
  CHECK(refusal(shared_object(mark_of("1", "a", std::string(600, 'j')))) == damaged);
}

TEST_CASE("no bytes make the search fail otherwise than by an error") {
  std::mt19937_64 random(7);
  const std::string whole = shared_object("code" + mark_of("1", "abi", "job") + "code");
  for (int i = 0; i < 20'000; ++i) {
    std::string file = whole;
    for (auto changes = random() % 8; changes > 0; --changes) file[random() % file.size()] = static_cast<char>(random());
    if (random() % 4 == 0) file.resize(random() % (file.size() + 1));
    const auto mark = find_bundle_mark(file);
    if (mark.ok()) CHECK(mark->version.size() + mark->abi.size() + mark->job.size() < kBundleMarkBytes);
    else CHECK_FALSE(mark.error().message.empty());
  }
}

TEST_CASE("a file that is not there, or is none, is named") {
  const testing::TemporaryDirectory directory;
  CHECK(read_bundle_mark(directory / "none.so").error().message == "bundle " + (directory / "none.so").string() + " does not exist");
  CHECK(read_bundle_mark(directory.path()).error().message == "bundle " + directory.path().string() + " is not a file");
  std::ofstream(directory / "empty.so");
  CHECK(read_bundle_mark(directory / "empty.so").error().message ==
        (directory / "empty.so").string() + " is no job bundle: it is not a shared object");
}

TEST_CASE("a file with the right mark but no code is an error, not a crash") {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory / "hollow.so", std::ios::binary) << shared_object(std::string(kMark.data(), kMark.size()));
  const auto bundle = LoadedBundle::load(directory / "hollow.so");
  REQUIRE_FALSE(bundle.ok());
  CHECK(bundle.error().message.starts_with("bundle word_count cannot be loaded: "));
}
