// What user code throws is shown to people, who must be able to tell whose it is: a bare "stoi" says nothing, and
// "std::invalid_argument: stoi" does. Weir's own messages are whole sentences and stand alone.
#pragma once

#include <exception>
#include <string>

namespace weir {

/// The message, behind the type when it is none of Weir's own: "std::out_of_range: stol".
std::string exception_text(const std::exception& exception);

/// The same of whatever is being handled, for use in a catch (...): "an exception of type int".
std::string current_exception_text();

}  // namespace weir
