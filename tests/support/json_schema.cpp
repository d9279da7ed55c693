#include <support/json_schema.hpp>

#include <algorithm>
#include <regex>
#include <set>

namespace weir::testing {
namespace {

using Json = nlohmann::json;

std::vector<std::string> segments(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '/') parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

bool matches(const std::string& pattern, const std::string& path) {
  const auto same = [](const std::string& wanted, const std::string& found) { return wanted == found || (wanted.starts_with('{') && !found.empty()); };
  const auto a = segments(pattern);
  const auto b = segments(path);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

bool is_of_type(const std::string& type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

}  // namespace

const Json& OpenApi::resolve(const Json& maybe_reference) const {
  if (!maybe_reference.contains("$ref")) return maybe_reference;
  const std::string target = maybe_reference["$ref"].get<std::string>().substr(1);
  return resolve(description_.at(Json::json_pointer(target)));
}

const Json* OpenApi::operation(const std::string& method, const std::string& path) const {
  std::string name = method;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const Json& paths = description_["paths"];
  // A path without parameters goes before one with.
  if (paths.contains(path) && paths[path].contains(name)) return &paths[path][name];
  for (const auto& [pattern, operations] : paths.items()) {
    if (matches(pattern, path) && operations.contains(name)) return &operations[name];
  }
  return nullptr;
}

std::vector<std::string> OpenApi::check_answer(const std::string& method, const std::string& path, int status, const std::string& body) const {
  const Json* found = operation(method, path);
  if (found == nullptr) return {method + " " + path + " is not described"};
  const std::string code = std::to_string(status);
  if (!(*found)["responses"].contains(code)) return {method + " " + path + ": status " + code + " is not described"};
  const Json& response = resolve((*found)["responses"][code]);
  if (!response.contains("content")) return body.empty() ? std::vector<std::string>{} : std::vector<std::string>{"no body is described"};
  if (!response["content"].contains("application/json")) return {};
  const Json value = Json::parse(body, nullptr, false);
  if (value.is_discarded()) return {method + " " + path + ": the answer is no JSON: " + body.substr(0, 200)};
  std::vector<std::string> problems;
  check(response["content"]["application/json"]["schema"], value, method + " " + path, problems);
  return problems;
}

std::vector<std::string> OpenApi::check(const std::string& schema, const std::string& body) const {
  const Json value = Json::parse(body, nullptr, false);
  if (value.is_discarded()) return {"no JSON: " + body.substr(0, 200)};
  std::vector<std::string> problems;
  check(description_["components"]["schemas"].at(schema), value, schema, problems);
  return problems;
}

void OpenApi::check(const Json& maybe_reference, const Json& value, const std::string& where, std::vector<std::string>& problems) const {
  const Json& schema = resolve(maybe_reference);
  const auto say = [&](const std::string& what) { problems.push_back(where + ": " + what + ", found " + value.dump(-1, ' ', true, Json::error_handler_t::replace)); };
  static const std::set<std::string> known = {"type", "required", "properties", "additionalProperties", "items", "enum", "pattern", "minimum", "maximum", "description", "format"};
  for (const auto& [keyword, content] : schema.items()) {
    if (!known.contains(keyword)) say("the checker does not know '" + keyword + "'");
  }
  if (schema.contains("type") && !is_of_type(schema["type"], value)) return say("a value of type " + schema["type"].dump() + " is wanted");
  if (schema.contains("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) say("one of " + schema["enum"].dump() + " is wanted");
  if (schema.contains("pattern") && !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>()))) say("it is not " + schema["pattern"].dump());
  if (schema.contains("minimum") && value < schema["minimum"]) say("it is less than " + schema["minimum"].dump());
  if (schema.contains("maximum") && value > schema["maximum"]) say("it is more than " + schema["maximum"].dump());
  if (value.is_object()) check_object(schema, value, where, problems);
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) check(schema["items"], value[i], where + "[" + std::to_string(i) + "]", problems);
  }
}

void OpenApi::check_object(const Json& schema, const Json& value, const std::string& where, std::vector<std::string>& problems) const {
  const Json required = schema.value("required", Json::array());
  for (const Json& name : required) {
    if (!value.contains(name.get<std::string>())) problems.push_back(where + ": " + name.dump() + " is missing");
  }
  const Json none = Json::object();
  const Json& properties = schema.contains("properties") ? schema["properties"] : none;
  for (const auto& [name, one] : value.items()) {
    if (properties.contains(name)) check(properties[name], one, where + "." + name, problems);
    else if (!schema.contains("additionalProperties")) continue;
    else if (schema["additionalProperties"].is_object()) check(schema["additionalProperties"], one, where + "." + name, problems);
    else if (schema["additionalProperties"] == false) problems.push_back(where + ": \"" + name + "\" is not described");
  }
}

}  // namespace weir::testing
