// Records that a window keeps one by one, in state. Appending costs the same however many there are, and so does what the
// next checkpoint has to write: the last records lie with the window, and whenever there are kChunk of them they move to
// an entry of their own, which is not touched again.
//
//   list := chunk* tail          chunk: table "NAME", (key, (list's id, number)) -> kChunk records
//
// One thread; belongs to one operator.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <weir/dataflow/operator.hpp>
#include <weir/operators/window.hpp>

namespace weir {

template <class T>
struct ElementList {
  std::vector<WindowElement<T>> tail;
  std::uint32_t chunks = 0;
};
template <class T>
constexpr auto weir_fields(const ElementList<T>*) {
  return std::make_tuple(make_field("tail", &ElementList<T>::tail), make_field("chunks", &ElementList<T>::chunks));
}
template <class T>
constexpr std::string_view weir_record_name(const ElementList<T>*) { return "ElementList"; }

/// Names a chunk within its key. The id of a list is the window it was made for.
struct ListChunkId {
  Window list;
  std::uint32_t number = 0;
  friend auto operator<=>(const ListChunkId&, const ListChunkId&) = default;
};
WEIR_RECORD(ListChunkId, list, number);

/// The chunks of all lists of an operator. Lists are changed through it, by the key and id they belong to.
template <class K, class T>
class ElementStore {
 public:
  using List = ElementList<T>;
  using Elements = std::vector<WindowElement<T>>;

  static constexpr std::size_t kChunk = 64;  // records: rewriting a tail stays cheap, an entry's overhead small

  void open(OperatorContext& context, const std::string& name) {
    chunks_ = &context.state().template table<Scoped<K, ListChunkId>, Elements>(name);
  }

  static std::size_t size(const List& list) { return list.chunks * kChunk + list.tail.size(); }

  void append(const K& key, const Window& id, List& list, WindowElement<T> element) {
    list.tail.push_back(std::move(element));
    if (list.tail.size() == kChunk) chunks_->put({key, {id, list.chunks++}}, std::exchange(list.tail, {}));
  }

  /// Calls visit(element) for each, in order.
  template <class Visit>
  void for_each(const K& key, const Window& id, const List& list, Visit&& visit) const {
    for (std::uint32_t number = 0; number < list.chunks; ++number) {
      for (const auto& element : chunk(key, id, number)) visit(element);
    }
    for (const auto& element : list.tail) visit(element);
  }

  /// Reads a list by position; fast when positions follow each other. Good until the list changes.
  class Reader {
   public:
    Reader(const ElementStore& store, const K& key, const Window& id, const List& list)
        : store_(store), key_(key), id_(id), list_(list) {}

    const T& operator[](std::size_t i) {
      const std::size_t number = i / kChunk;
      if (number >= list_.chunks) return list_.tail[i % kChunk].record;
      if (number != number_) {
        number_ = number;
        chunk_ = &store_.chunk(key_, id_, static_cast<std::uint32_t>(number));
      }
      return (*chunk_)[i % kChunk].record;
    }

   private:
    const ElementStore& store_;
    const K& key_;
    Window id_;
    const List& list_;
    std::size_t number_ = static_cast<std::size_t>(-1);
    const Elements* chunk_ = nullptr;
  };

  void clear(const K& key, const Window& id, List& list) {
    for (; list.chunks > 0; --list.chunks) chunks_->erase({key, {id, list.chunks - 1}});
    list.tail.clear();
  }

  void replace(const K& key, const Window& id, List& list, Elements elements) {
    clear(key, id, list);
    for (auto& element : elements) append(key, id, list, std::move(element));
  }

  /// Moves all elements of `from` behind those of `into`, both lists of the key.
  void move(const K& key, const Window& from_id, List& from, const Window& into_id, List& into) {
    Elements moved;
    moved.reserve(size(from));
    for_each(key, from_id, from, [&](const auto& element) { moved.push_back(element); });
    clear(key, from_id, from);
    for (auto& element : moved) append(key, into_id, into, std::move(element));
  }

 private:
  const Elements& chunk(const K& key, const Window& id, std::uint32_t number) const {
    const Elements* found = chunks_->find({key, {id, number}});
    WEIR_CHECK(found != nullptr, "a window's list lacks a chunk:", number);
    return *found;
  }

  StateTable<Scoped<K, ListChunkId>, Elements>* chunks_ = nullptr;
};

}  // namespace weir
