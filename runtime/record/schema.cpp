#include <weir/record/schema.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace weir {
namespace {

struct KindInfo {
  std::string_view name;
  std::size_t width;
};

constexpr std::array<KindInfo, 19> kKinds = {{{"bool", 1},   {"int8", 1},    {"int16", 2},   {"int32", 4},  {"int64", 8},
                                              {"uint8", 1},  {"uint16", 2},  {"uint32", 4},  {"uint64", 8}, {"float32", 4},
                                              {"float64", 8}, {"text", 0},   {"time", 8},    {"optional", 1}, {"list", 4},
                                              {"map", 4},    {"record", 0},  {"tuple", 0},
                                              {"duration", 8}}};

const KindInfo& info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

bool is_signed(Kind kind) { return kind >= Kind::Int8 && kind <= Kind::Int64; }
bool is_unsigned(Kind kind) { return kind >= Kind::UInt8 && kind <= Kind::UInt64; }
bool is_integer(Kind kind) { return is_signed(kind) || is_unsigned(kind); }

/// Whether every value of `from` is a value of `to`.
bool widens(Kind from, Kind to) {
  if (from == to) return true;
  if (is_signed(from) && is_signed(to)) return width_of(from) <= width_of(to);
  if (is_unsigned(from) && is_integer(to)) {
    return is_unsigned(to) ? width_of(from) <= width_of(to) : width_of(from) < width_of(to);
  }
  if (to == Kind::Float64) return from == Kind::Float32 || (is_integer(from) && width_of(from) <= 4);
  return from == Kind::Bool && is_integer(to);
}

class Binder {
 public:
  Result<std::vector<Binding>> run(const Schema& reader, const Schema& writer) {
    bind(reader, &writer, 0, reader.name.empty() ? "value" : reader.name);
    if (error_) return *error_;
    return std::move(bindings_);
  }

 private:
  void bind(const Schema& reader, const Schema* writer, std::int32_t at, const std::string& path) {
    if (error_) return;
    if (writer == nullptr) {
      bindings_.resize(bindings_.size() + column_count(reader));
      return;
    }
    if (reader.kind == Kind::Optional && writer->kind != Kind::Optional) {
      bindings_.push_back({Binding::kPresent, Kind::Bool});
      bind(reader.fields[0].second, writer, at, path);
      return;
    }
    const bool same = reader.kind == writer->kind;
    if (!same && !(reader.fields.empty() && writer->fields.empty() && widens(writer->kind, reader.kind) &&
                   has_column(reader.kind))) {
      error_ = Error{"field '" + path + "' was stored as " + std::string(name_of(writer->kind)) +
                     " and cannot be read as " + std::string(name_of(reader.kind))};
      return;
    }
    std::int32_t child = at;
    if (has_column(reader.kind)) {
      bindings_.push_back({at, writer->kind});
      ++child;
    }
    if (reader.kind == Kind::Record) {
      bind_by_name(reader, *writer, child, path);
    } else {
      bind_by_place(reader, *writer, child, path);
    }
  }

  void bind_by_name(const Schema& reader, const Schema& writer, std::int32_t first, const std::string& path) {
    for (const auto& [name, schema] : reader.fields) {
      std::int32_t at = first;
      const Schema* found = nullptr;
      for (const auto& [stored_name, stored] : writer.fields) {
        if (stored_name == name) {
          found = &stored;
          break;
        }
        at += static_cast<std::int32_t>(column_count(stored));
      }
      bind(schema, found, at, path + "." + name);
    }
  }

  void bind_by_place(const Schema& reader, const Schema& writer, std::int32_t first, const std::string& path) {
    if (reader.fields.size() != writer.fields.size()) {
      error_ = Error{"field '" + path + "' was stored with " + std::to_string(writer.fields.size()) +
                     " elements and cannot be read with " + std::to_string(reader.fields.size())};
      return;
    }
    std::int32_t at = first;
    for (std::size_t i = 0; i < reader.fields.size(); ++i) {
      bind(reader.fields[i].second, &writer.fields[i].second, at, path + "[" + std::to_string(i) + "]");
      at += static_cast<std::int32_t>(column_count(writer.fields[i].second));
    }
  }

  std::vector<Binding> bindings_;
  std::optional<Error> error_;
};

/// Reads what to_text writes: kind [':' type-name] ['{' [field ' '] schema (',' …)* '}'].
class SchemaReader {
 public:
  explicit SchemaReader(std::string_view text) : rest_(text) {}

  std::optional<Schema> read(int depth = 0) {
    constexpr int kMaxDepth = 64;  // types nest a few levels; hostile text must not exhaust the stack
    if (depth > kMaxDepth) return std::nullopt;
    Schema schema;
    const std::string_view word = take_word();
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo& k) { return k.name == word; });
    if (kind == kKinds.end()) return std::nullopt;
    schema.kind = static_cast<Kind>(kind - kKinds.begin());
    if (take(':')) schema.name = take_word();
    if (take('{') && !take('}')) {
      do {
        std::string name;
        if (schema.kind == Kind::Record) {
          name = take_word();
          if (!take(' ')) return std::nullopt;
        }
        auto field = read(depth + 1);
        if (!field) return std::nullopt;
        schema.fields.emplace_back(std::move(name), std::move(*field));
      } while (take(','));
      if (!take('}')) return std::nullopt;
    }
    const bool needs_one = schema.kind == Kind::Optional || schema.kind == Kind::List;
    if ((needs_one && schema.fields.size() != 1) || (schema.kind == Kind::Map && schema.fields.size() != 2)) return std::nullopt;
    return schema;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take_word() {
    const std::size_t length = std::min(rest_.find_first_of(" ,{}"), rest_.size());
    std::size_t end = std::min(rest_.substr(0, length).find(':'), length);
    while (end + 1 < length && rest_[end] == ':' && rest_[end + 1] == ':') {  // a qualified type name
      end = std::min(rest_.substr(0, length).find(':', end + 2), length);
    }
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }

  bool take(char sign) {
    if (rest_.empty() || rest_.front() != sign) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string_view name_of(Kind kind) { return info(kind).name; }
std::size_t width_of(Kind kind) { return info(kind).width; }
bool has_column(Kind kind) { return kind != Kind::Record && kind != Kind::Tuple; }

std::size_t column_count(const Schema& schema) {
  std::size_t count = has_column(schema.kind) ? 1 : 0;
  for (const auto& field : schema.fields) count += column_count(field.second);
  return count;
}

std::string to_text(const Schema& schema) {
  std::string text(name_of(schema.kind));
  if (!schema.name.empty()) text += ":" + schema.name;
  if (schema.fields.empty()) return text;
  text += '{';
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if (i > 0) text += ',';
    if (schema.kind == Kind::Record) text += schema.fields[i].first + " ";
    text += to_text(schema.fields[i].second);
  }
  return text + "}";
}

Result<Schema> parse_schema(std::string_view text) {
  SchemaReader reader(text);
  auto schema = reader.read();
  if (!schema || !reader.at_end()) return Error{"not a schema: '" + std::string(text.substr(0, 200)) + "'"};
  return std::move(*schema);
}

Result<std::vector<Binding>> bind(const Schema& reader, const Schema& writer) { return Binder().run(reader, writer); }

}  // namespace weir
