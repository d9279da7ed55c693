// Holds JSON against OpenAPI's schemas: as much of JSON Schema as the daemon's description uses (type, required, properties,
// additionalProperties, items, enum, pattern, minimum, maximum, $ref). A keyword that is not known is an error, so that nothing
// passes unchecked.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace weir::testing {

class OpenApi {
 public:
  explicit OpenApi(const std::string& description) : description_(nlohmann::json::parse(description)) {}

  /// What is wrong with an answer to a request, one line each. `path` is a request's, without its query.
  std::vector<std::string> check_answer(const std::string& method, const std::string& path, int status, const std::string& body) const;
  /// What is wrong with JSON that is to be as the named schema.
  std::vector<std::string> check(const std::string& schema, const std::string& body) const;

  const nlohmann::json& description() const { return description_; }

 private:
  using Json = nlohmann::json;

  const Json& resolve(const Json& maybe_reference) const;
  const Json* operation(const std::string& method, const std::string& path) const;
  void check(const Json& schema, const Json& value, const std::string& where, std::vector<std::string>& problems) const;
  void check_object(const Json& schema, const Json& value, const std::string& where, std::vector<std::string>& problems) const;

  Json description_;
};

}  // namespace weir::testing
