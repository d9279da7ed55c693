// Other engines are fed the same events as lines of JSON, in the order of arrival:
//
//   {"type":"person"|"auction"|"bid", <the record's fields>}     times as integer milliseconds
//   since 1970
#pragma once

#include <string>

#include "records.hpp"

namespace nexmark {

/// One line, without its end.
std::string to_json(const Event& event);

}  // namespace nexmark
