#include <weir/node/output_files.hpp>

#include <map>

#include <fnmatch.h>

#include <weir/base/file_identity.hpp>

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

/// Whether two sinks would write the same files. What lies where a directory and a prefix meet is no file of the sink.
bool collide(const WrittenFiles& one, const WrittenFiles& other) {
  const bool files = one.kind == WrittenFiles::Kind::One && other.kind == WrittenFiles::Kind::One;
  return files ? same_file(one.path, other.path) : one_name(one.path) == one_name(other.path);
}

}  // namespace

std::vector<std::string> output_files(const JobGraph& graph) {
  std::map<fs::path, const GraphNode*> sinks;  // by what they write
  for (const GraphNode& sink : graph.nodes) {
    if (!sink.writes) continue;
    for (const GraphNode& source : graph.nodes) {
      for (const std::string& input : source.reads) {
        if (!reads(input, *sink.writes)) continue;
        const std::string alias = input == sink.writes->path ? "" : " is read as " + input;
        throw Failure("sink '" + sink.name + "' would write into the input of source '" + source.name + "': " + sink.writes->path +
                      alias + "; name another file");
      }
    }
    for (const auto& [file, other] : sinks) {
      if (!collide(*other->writes, *sink.writes)) continue;
      throw Failure("sinks '" + other->name + "' and '" + sink.name + "' would both write " + sink.writes->path + "; name another file for one");
    }
    sinks.emplace(one_name(sink.writes->path), &sink);
  }
  std::vector<std::string> files;
  for (const auto& [file, sink] : sinks) files.push_back(file);
  return files;
}

void require_own_file(const JobGraph& graph, const std::string& option, const fs::path& path) {
  const WrittenFiles file{WrittenFiles::Kind::One, path.string()};
  const auto refuse = [&](const GraphNode& node, const char* use) {
    throw Failure("option --" + option + " would write into " + use + " '" + node.name + "': " + file.path + "; name another file");
  };
  for (const GraphNode& node : graph.nodes) {
    for (const std::string& input : node.reads) {
      if (reads(input, file)) refuse(node, "the input of source");
    }
    if (node.writes && collide(*node.writes, file)) refuse(node, "the output of sink");
  }
}

}  // namespace weir
