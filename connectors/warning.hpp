// What a connector cannot pass on as a failure or a record, but people should see: one line on standard error.
#pragma once

#include <string>

namespace weir {

/// "flights: warning: …". Lines of several threads do not mix.
void warn(const std::string& operator_name, const std::string& text);

}  // namespace weir
