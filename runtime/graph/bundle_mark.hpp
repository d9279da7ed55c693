// A bundle is a shared object that a node runs as its own code, so a wrong one crashes the node's worker, or worse. What it was
// built for must be known before it is loaded: WEIR_JOB puts this record into the file, where it is found by looking at bytes.
//
//   mark    := magic version '\n' abi '\n' job '\n' zero*        512 bytes in all, printable ASCII between magic and zeros
//   magic   := 16 bytes, below
//   version := Weir's, as in base/version.hpp
//   abi     := what else code and node must have in common; only compared for equality, and shown
//   job     := the name that WEIR_JOB was given
//
// The abi names what changes how objects lie in memory or how calls are made: processor, compiler's and library's ABI, language,
// sanitizers, and a number made from the sizes of the types that both sides touch, which tells most builds of one version number
// apart. NDEBUG changes none of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/base/version.hpp>
#include <weir/dataflow/batch.hpp>
#include <weir/dataflow/operator.hpp>
#include <weir/graph/program.hpp>

namespace weir {

// In two pieces, so that the whole is found nowhere but in a mark, however the code around it is compiled.
constexpr std::string_view kBundleMagicBegin = "\x7fWEIR-JOB";
constexpr std::string_view kBundleMagicEnd = "-BUNDLE";
constexpr std::size_t kBundleMarkBytes = 512;

static_assert(kBundleMagicBegin.size() + kBundleMagicEnd.size() == 16);

/// What a bundle says of itself.
struct BundleMark {
  std::string version;
  std::string abi;
  std::string job;
  friend bool operator==(const BundleMark&, const BundleMark&) = default;
};

/// The bytes of a mark; text appended at compile time.
class BundleMarkBytes {
 public:
  constexpr BundleMarkBytes& append(std::string_view text) {
    for (const char c : text) bytes_.at(size_++) = c;
    return *this;
  }
  constexpr BundleMarkBytes& append(std::uint64_t number) {
    if (number > 9) append(number / 10);
    bytes_.at(size_++) = static_cast<char>('0' + number % 10);
    return *this;
  }
  constexpr std::string_view text() const { return {bytes_.data(), size_}; }
  constexpr const std::array<char, kBundleMarkBytes>& bytes() const { return bytes_; }

 private:
  std::array<char, kBundleMarkBytes> bytes_{};
  std::size_t size_ = 0;
};

namespace detail {

template <class... Types>
consteval std::uint64_t layout_of() {
  std::uint64_t layout = 1;
  ((layout = (layout * 31 + sizeof(Types) * 8 + alignof(Types)) % 1'000'000'007), ...);
  return layout;
}

consteval void append_abi(BundleMarkBytes& mark) {
#if defined(__x86_64__)
  mark.append("x86_64");
#elif defined(__aarch64__)
  mark.append("aarch64");
#else
  mark.append("other");
#endif
  mark.append(" ").append(std::uint64_t{sizeof(void*) * 8}).append("-bit, c++abi ").append(std::uint64_t{__GXX_ABI_VERSION});
#ifdef _GLIBCXX_RELEASE
  mark.append(", libstdc++ ").append(std::uint64_t{_GLIBCXX_RELEASE}).append(_GLIBCXX_USE_CXX11_ABI ? "" : " old strings");
#else
  mark.append(", other standard library");
#endif
#ifdef _GLIBCXX_DEBUG
  mark.append(" debug mode");
#endif
  mark.append(", c++").append(std::uint64_t{__cplusplus / 100 % 100});
#if defined(__SANITIZE_ADDRESS__)
  mark.append(", address sanitizer");
#elif defined(__SANITIZE_THREAD__)
  mark.append(", thread sanitizer");
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  mark.append(", address sanitizer");
#elif __has_feature(thread_sanitizer)
  mark.append(", thread sanitizer");
#endif
#endif
  mark.append(", layout ").append(
      layout_of<std::string, std::function<void()>, AnyBatch, Batch<std::string>, RecordType, SplitEvent, OperatorContext, Operator,
                OperatorState, SourceOperator::Poll, GraphNode, GraphEdge, Routing, JobGraph, JobDefinition, Options, OptionSpec>());
}

}  // namespace detail

/// What this code is compiled for, as a mark's abi.
consteval BundleMarkBytes abi_text() {
  BundleMarkBytes text;
  detail::append_abi(text);
  return text;
}

/// The mark of a job. Does not compile when the name is too long.
consteval std::array<char, kBundleMarkBytes> bundle_mark(std::string_view job) {
  BundleMarkBytes mark;
  mark.append(kBundleMagicBegin).append(kBundleMagicEnd).append(kVersion).append("\n");
  detail::append_abi(mark);
  mark.append("\n").append(job).append("\n");
  return mark.bytes();
}

}  // namespace weir
