// The HTTP API for programs: an OpenAPI 3.0 description, which the daemon serves at /api/v1/openapi.json. Tests hold it against
// the structs of api_types.hpp and against what the daemon answers.
#pragma once

#include <string_view>

namespace weir {

/// JSON. Lives as long as the program.
std::string_view openapi_description();

}  // namespace weir
