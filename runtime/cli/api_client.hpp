// Talks to a node's HTTP API. Of several nodes the first that answers is talked to: any will do. What a node refuses is thrown with
// its own words: Misuse when the request made no sense, Unreachable when none answers, or the one that does cannot now (503), as
// while nobody leads; Failure otherwise. One thread.
#pragma once

#include <string>
#include <vector>

#include <weir/cli/invocation.hpp>
#include <weir/base/address.hpp>

namespace weir::cli {

class ApiClient {
 public:
  /// Throws Misuse when an address makes no sense or a file cannot be read.
  explicit ApiClient(const Connection& connection);

  /// The body of the answer. `path` is below /api/v1 and is taken as it is.
  std::string get(const std::string& path);
  std::string post(const std::string& path, const std::string& json = "{}");
  /// DELETE, which answers without a body.
  void remove(const std::string& path);
  std::string post_file(const std::string& path, const std::filesystem::path& file);

 private:
  struct Request {
    std::string method;
    std::string path;
    std::string body;
    std::string type;
  };
  std::string send(const Request& request);

  std::vector<Address> nodes_;  // the one that answered last first: a bundle is where it was sent to
  std::string token_;
  std::string ca_;
};

}  // namespace weir::cli
