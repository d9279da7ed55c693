// The job's own options as they are given to `weir`: --set input=words.txt --set fast=true.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace weir::cli {

/// Throws Failure for a setting without a name or a value, or two of one name. A value may be empty.
std::map<std::string, std::string> parse_settings(const std::vector<std::string>& settings);

}  // namespace weir::cli
