// How a request of a person or a script travels from the node that took it to the coordinator that answers it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace weir {

/// A request of a person or a script, and where its answer goes. The JSON is the HTTP API's.
struct AdminCall {
  std::string method;
  std::string path;
  std::string body;
  std::function<void(std::uint32_t status, std::string body)> answer;  // called once, from any thread
};

}  // namespace weir
