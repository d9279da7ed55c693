// The file that a node is configured by. The only source that knows the TOML library.
#include <weir/node/node_options.hpp>

#include <algorithm>
#include <sstream>

// A library of headers: no program needs another shared object for a configuration it does not read. Of a table's name it asserts,
// or in a release lets the compiler assume, what a malformed one like [[[ breaks; left alone it reports that as an error.
#undef NDEBUG
#define TOML_ASSERT(condition) static_assert(true)
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <weir/base/text.hpp>
#include <weir/node/nearest_word.hpp>

namespace weir {
namespace {

std::string at(const std::string& file, const toml::source_region& region) { return file + ":" + std::to_string(region.begin.line) + ": "; }

std::vector<std::string> keys() {
  std::vector<std::string> keys;
  for (const NodeSetting& setting : node_settings()) keys.push_back(setting.key);
  return keys;
}

bool is_section(const std::string& name) {
  const auto& settings = node_settings();
  return std::any_of(settings.begin(), settings.end(), [&](const NodeSetting& setting) { return setting.key.starts_with(name + "."); });
}

/// A list's elements with commas between them.
Result<std::string> list_text(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return Error{"a list is wanted, as in [\"a:7070\", \"b:7070\"]"};
  std::vector<std::string> elements;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text || text->find(',') != std::string::npos || text->empty()) return Error{"each element of the list must be a text in quotes"};
    elements.push_back(*text);
  }
  return joined(elements, ",");
}

/// A value as the command line would have it.
Result<std::string> value_text(const toml::node& node, NodeSetting::Kind kind) {
  switch (kind) {
    case NodeSetting::Kind::List: return list_text(node);
    case NodeSetting::Kind::Flag:
      if (const auto flag = node.value_exact<bool>()) return std::string(*flag ? "true" : "false");
      return Error{"true or false is wanted, without quotes"};
    case NodeSetting::Kind::Number:
      if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
      return Error{"a whole number is wanted, without quotes"};
    case NodeSetting::Kind::Text:
      if (const auto text = node.value_exact<std::string>()) return *text;
      return Error{"a text in quotes is wanted"};
  }
  return Error{"a value of another kind is wanted"};
}

/// Sets what a table and the sections in it say; `prefix` is "tls." in [tls].
Result<void> apply(NodeOptions& options, const toml::table& table, const std::string& prefix, const std::string& file) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const auto& settings = node_settings();
    const auto setting = std::find_if(settings.begin(), settings.end(), [&](const NodeSetting& each) { return each.key == key; });
    const toml::table* section = node.as_table();
    if (section != nullptr && prefix.empty() && is_section(key)) {
      if (auto applied = apply(options, *section, key + ".", file); !applied) return applied;
      continue;
    }
    if (setting == settings.end()) {
      const auto meant = nearest_word(key, keys());
      return Error{at(file, name.source()) + "there is no setting '" + key + "'" + (meant ? " (did you mean " + *meant + "?)" : "") +
                   "; 'weir node --print-config' shows all"};
    }
    const auto text = value_text(node, setting->kind);
    if (!text) return Error{at(file, node.source()) + key + ": " + text.error().message};
    if (auto parsed = setting->parse(options, *text); !parsed) return Error{at(file, node.source()) + key + ": " + parsed.error().message};
  }
  return {};
}

/// A message may quote the text, line feeds and all.
Error in_one_line(Error error) {
  const auto breaks = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  std::replace_if(error.message.begin(), error.message.end(), breaks, '?');
  return error;
}

std::string toml_text(const std::string& text) {
  std::ostringstream out;
  out << toml::toml_formatter(toml::value<std::string>(text), toml::format_flags::none);
  return out.str();
}

std::string toml_value(const NodeSetting& setting, const NodeOptions& options) {
  const std::string text = setting.print(options);
  if (setting.kind == NodeSetting::Kind::Number || setting.kind == NodeSetting::Kind::Flag) return text;
  if (setting.kind == NodeSetting::Kind::Text) return toml_text(text);
  std::string list = "[";
  std::istringstream in(text);
  for (std::string element; std::getline(in, element, ',');) list += (list.size() > 1 ? ", " : "") + toml_text(element);
  return list + "]";
}

}  // namespace

Result<NodeOptions> with_toml(NodeOptions options, std::string_view text, const std::string& name) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) return in_one_line(Error{at(name, parsed.error().source()) + std::string(parsed.error().description())});
  if (auto applied = apply(options, parsed.table(), "", name); !applied) return in_one_line(applied.error());
  return options;
}

std::string to_toml(const NodeOptions& options) {
  const NodeOptions defaults;
  std::string out = "# TIME is 250ms, 10s, 5min, 2h or 7d; BYTES is 512, 64KiB, 16MiB or 1GiB.\n";
  std::string section;
  for (const NodeSetting& setting : node_settings()) {
    const std::size_t dot = setting.key.find('.');
    const std::string in = dot == std::string::npos ? "" : setting.key.substr(0, dot);
    if (in != section) out += "\n[" + in + "]\n";
    section = in;
    out += "\n# " + setting.help + "\n# " + setting.takes + ", default " + toml_value(setting, defaults) + "; " + setting.option() + ", " +
           setting.variable() + "\n" + (dot == std::string::npos ? setting.key : setting.key.substr(dot + 1)) + " = " +
           toml_value(setting, options) + "\n";
  }
  return out;
}

}  // namespace weir
