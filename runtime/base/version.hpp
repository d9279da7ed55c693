// Which Weir this is: noted in everything that is kept, for messages about what another one wrote.
#pragma once

namespace weir {

constexpr const char* kVersion = "0.1.0";  // the project's version in the top CMakeLists.txt

}  // namespace weir
