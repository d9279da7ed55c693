// The job's own options as they are given to `weir`: --set input=words.txt --set fast=true.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace weir::cli {

/// Throws Failure for a setting without a name or a value, or two of one name. A value may be empty.
std::map<std::string, std::string> parse_settings(const std::vector<std::string>& settings);

/// For CLI11: what is wrong with a path that nodes are to find, whose directory is another than this process's; empty: nothing.
std::string absolute_path(const std::string& text);

}  // namespace weir::cli
