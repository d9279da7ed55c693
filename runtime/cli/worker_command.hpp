// `weir worker`: what a node starts, not people. It has the code of a job in it, so the node has not.
#pragma once

namespace CLI {
class App;
}

namespace weir::cli {

/// Adds the subcommand. What it does when chosen goes to `status`, which must outlive the parsing.
void add_worker_command(CLI::App& app, int& status);

}  // namespace weir::cli
