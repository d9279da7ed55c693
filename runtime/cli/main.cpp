// The binary `weir`.
#include <iostream>

#include <CLI/CLI.hpp>

#include <weir/cli/exit_status.hpp>
#include <weir/cli/worker_command.hpp>

namespace {

int run(int argc, char** argv) {
  int status = weir::cli::kDone;
  CLI::App app("Runs stream jobs on a cluster of nodes.", "weir");
  app.require_subcommand(1);
  weir::cli::add_worker_command(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::Error& error) {
    std::cerr << "weir: error: " << error.what() << "; --help lists commands and options\n";
    return weir::cli::kMisused;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
