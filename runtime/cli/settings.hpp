// The job's own options as they are given to `weir`: --set input=words.txt --set fast.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace weir::cli {

/// A name alone is a flag. Throws Failure for a setting without a name, or two of one name.
std::map<std::string, std::string> parse_settings(const std::vector<std::string>& settings);

/// For CLI11: what is wrong with the text of a whole number that must not be 0; empty: nothing.
std::string at_least_one(const std::string& text);

}  // namespace weir::cli
