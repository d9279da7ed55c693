#include <weir/node/output_files.hpp>

#include <map>

#include <fnmatch.h>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// Whether a source that was told `input`, a file, a pattern or a directory, reads the file `output`.
bool reads(const std::string& input, const WrittenFiles& output) {
  const fs::path written = one_name(output.path);
  std::error_code error;
  if (fs::is_directory(input, error)) return one_name(fs::path(input) / "x").parent_path() == written.parent_path();
  if (output.kind == WrittenFiles::Kind::Parts) return false;
  if (fs::exists(input, error)) return fs::equivalent(input, output.path, error) || one_name(input) == written;
  const auto matches = [&](const fs::path& path) {
    return fnmatch(fs::absolute(input).lexically_normal().c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  };
  return matches(written) || matches(fs::absolute(output.path).lexically_normal());
}

}  // namespace

fs::path one_name(const fs::path& path) {
  std::error_code error;
  const fs::path found = fs::weakly_canonical(fs::absolute(path), error);
  return error ? fs::absolute(path).lexically_normal() : found;
}

std::vector<std::string> output_files(const JobGraph& graph) {
  std::map<fs::path, std::string> sinks;  // by what they write
  for (const GraphNode& sink : graph.nodes) {
    if (!sink.writes) continue;
    for (const GraphNode& source : graph.nodes) {
      for (const std::string& input : source.reads) {
        if (!reads(input, *sink.writes)) continue;
        throw Failure("sink '" + sink.name + "' would write into the input of source '" + source.name + "': " + sink.writes->path +
                      " is read as " + input + "; name another file");
      }
    }
    const auto [other, added] = sinks.try_emplace(one_name(sink.writes->path), sink.name);
    if (!added) throw Failure("sinks '" + other->second + "' and '" + sink.name + "' would both write " + sink.writes->path + "; name another file for one");
  }
  std::vector<std::string> files;
  for (const auto& [file, sink] : sinks) files.push_back(file);
  return files;
}

}  // namespace weir
