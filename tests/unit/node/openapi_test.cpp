// The description of the HTTP API in itself; others hold it against the structs (api_types_test) and the answers (http_server_test).
#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include <weir/node/openapi.hpp>

using namespace weir;
using Json = nlohmann::json;

namespace {

Json description() { return Json::parse(openapi_description()); }

/// Calls act(reference) for every "$ref" below.
template <class Act>
void each_reference(const Json& below, Act&& act) {
  if (!below.is_structured()) return;
  if (below.is_object() && below.contains("$ref")) return act(below["$ref"].get<std::string>());
  for (const Json& child : below) each_reference(child, act);
}

}  // namespace

TEST_CASE("every reference names something in the description") {
  const Json whole = description();
  std::size_t references = 0;
  each_reference(whole, [&](const std::string& reference) {
    CAPTURE(reference);
    REQUIRE(reference.starts_with("#/"));
    CHECK(whole.contains(Json::json_pointer(reference.substr(1))));
    ++references;
  });
  CHECK(references > 50);
}

TEST_CASE("each operation names the answers of its kind") {
  const Json whole = description();
  for (const auto& [path, operations] : whole["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      CAPTURE(path);
      CAPTURE(method);
      const Json& responses = operation["responses"];
      const bool for_anyone = operation.contains("security");
      const bool by_leader = operation["tags"] == Json::array({"cluster"});
      const bool by_all_nodes = operation["operationId"] == "listLogs";
      CHECK((by_leader || operation["tags"] == Json::array({"node"})));
      CHECK(responses.contains("401") == !for_anyone);
      CHECK(responses.contains("403") == !for_anyone);
      CHECK(responses.contains("404") == (path.find('{') != path.npos));
      CHECK(responses.contains("415") == (method == "post"));
      CHECK(responses.contains("504") == (by_leader || by_all_nodes));
    }
  }
}

TEST_CASE("an answer that an operation describes itself is not replaced by the common one") {
  const Json responses = description()["paths"]["/api/v1/bundles"]["post"]["responses"];
  CHECK(responses["503"]["headers"].contains("Retry-After"));
  CHECK(responses["400"]["$ref"] == "#/components/responses/BadRequest");
}
