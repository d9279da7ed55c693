#include <weir/node/api_types.hpp>

#include <limits>
#include <type_traits>

#include <nlohmann/json.hpp>

namespace weir::api {
namespace {

using Json = nlohmann::json;

template <class T>
Json write(const T& value);

template <NamedRecord T>
Json write_record(const T& record) {
  Json object = Json::object();
  for_each_field<T>([&](const auto& field) {
    const auto& value = record.*field.member;
    if constexpr (detail::IsOptional<std::decay_t<decltype(value)>>::value) {
      if (value) object.emplace(field.name, write(*value));
    } else {
      object.emplace(field.name, write(value));
    }
  });
  return object;
}

template <class T>
Json write(const T& value) {
  if constexpr (NamedRecord<T>) {
    return write_record(value);
  } else if constexpr (detail::IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& one : value) array.push_back(write(one));
    return array;
  } else if constexpr (detail::IsMap<T>::value) {
    Json object = Json::object();
    for (const auto& [key, one] : value) object.emplace(key, write(one));
    return object;
  } else {
    return Json(value);
  }
}

/// Reads strictly: nothing is converted, rounded or cut off. The first mistake is kept and ends the reading.
class Reader {
 public:
  explicit Reader(UnknownFields unknown) : unknown_(unknown) {}

  template <class T>
  void read(const Json& json, const std::string& path, T& into) {
    if (!error_.empty()) return;
    if constexpr (NamedRecord<T>) read_record(json, path, into);
    else if constexpr (detail::IsOptional<T>::value) read(json, path, into.emplace());
    else if constexpr (detail::IsVector<T>::value) read_list(json, path, into);
    else if constexpr (detail::IsMap<T>::value) read_map(json, path, into);
    else if constexpr (std::is_same_v<T, bool>) scalar(json, path, into, json.is_boolean(), "true or false");
    else if constexpr (std::is_same_v<T, std::string>) scalar(json, path, into, json.is_string(), "a text");
    else if constexpr (std::is_floating_point_v<T>) scalar(json, path, into, json.is_number(), "a number");
    else scalar(json, path, into, whole<T>(json), range<T>());
  }

  const std::string& error() const { return error_; }

 private:
  template <class T>
  void read_record(const Json& json, const std::string& path, T& into) {
    if (!json.is_object()) return mistake(path, "an object", json);
    std::size_t known = 0;
    for_each_field<T>([&](const auto& field) {
      const auto found = json.find(field.name);
      if (found == json.end()) return;
      ++known;
      read(*found, under(path, std::string(field.name)), into.*field.member);
    });
    if (unknown_ == UnknownFields::Ignore || known == json.size() || !error_.empty()) return;
    for (const auto& [name, value] : json.items()) {
      bool found = false;
      for_each_field<T>([&](const auto& field) { found = found || field.name == name; });
      if (!found) return say(under(path, name), "there is no such field");
    }
  }

  template <class T>
  void read_list(const Json& json, const std::string& path, T& into) {
    if (!json.is_array()) return mistake(path, "a list", json);
    into.resize(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) read(json[i], path + '[' + std::to_string(i) + ']', into[i]);
  }

  template <class T>
  void read_map(const Json& json, const std::string& path, T& into) {
    if (!json.is_object()) return mistake(path, "an object", json);
    for (const auto& [key, value] : json.items()) read(value, under(path, key), into[key]);
  }

  template <class T>
  void scalar(const Json& json, const std::string& path, T& into, bool fits, const std::string& wanted) {
    if (!fits) return mistake(path, wanted, json);
    into = json.get<T>();
  }

  template <class T>
  static bool whole(const Json& json) {
    if (json.is_number_unsigned()) return json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (!json.is_number_integer()) return false;
    return std::is_signed_v<T> && json.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
  }

  template <class T>
  static std::string range() {
    return "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max());
  }

  static std::string under(const std::string& path, const std::string& name) { return path.empty() ? name : path + '.' + name; }

  void mistake(const std::string& path, const std::string& wanted, const Json& found) {
    const bool small = found.is_primitive();
    say(path, wanted + " is wanted, not " + (small ? shortened(found.dump(-1, ' ', true, Json::error_handler_t::replace)) : std::string(found.is_array() ? "a list" : "an object")));
  }

  /// The names come from outside and end up in a line for people.
  void say(const std::string& path, const std::string& what) {
    if (error_.empty()) error_ = (path.empty() ? "the whole" : shortened(printable(path))) + ": " + what;
  }

  static std::string printable(std::string text) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    }
    return text;
  }

  static std::string shortened(std::string text) {
    constexpr std::size_t kLongest = 60;  // bytes; a value that is longer is not shown whole
    if (text.size() <= kLongest) return text;
    text.resize(kLongest);
    return text + "...";
  }

  UnknownFields unknown_;
  std::string error_;
};

}  // namespace

template <class T>
std::string to_json(const T& value) {
  return write(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
Result<T> from_json(std::string_view text, UnknownFields unknown) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{"this is not JSON"};
  T value;
  Reader reader(unknown);
  reader.read(json, "", value);
  if (!reader.error().empty()) return Error{reader.error()};
  return value;
}

#define WEIR_API_TYPE(Type)                 \
  template std::string to_json(const Type&); \
  template Result<Type> from_json(std::string_view, UnknownFields);

WEIR_API_TYPE(ErrorInfo)
WEIR_API_TYPE(VersionInfo)
WEIR_API_TYPE(NodeInfo)
WEIR_API_TYPE(NodeList)
WEIR_API_TYPE(CheckpointInfo)
WEIR_API_TYPE(CheckpointList)
WEIR_API_TYPE(JobInfo)
WEIR_API_TYPE(JobList)
WEIR_API_TYPE(TaskInfo)
WEIR_API_TYPE(TaskList)
WEIR_API_TYPE(OperatorInfo)
WEIR_API_TYPE(VertexInfo)
WEIR_API_TYPE(EdgeInfo)
WEIR_API_TYPE(PlanInfo)
WEIR_API_TYPE(RestartRequest)
WEIR_API_TYPE(SubmitRequest)
WEIR_API_TYPE(SavepointRequest)
WEIR_API_TYPE(BundleInfo)
WEIR_API_TYPE(LogInfo)
WEIR_API_TYPE(LogList)

#undef WEIR_API_TYPE

}  // namespace weir::api
