// The binary `weir`.
#include <weir/cli/invocation.hpp>
#include <weir/node/node_daemon.hpp>

int main(int argc, char** argv) { return weir::cli::run_weir(argc, argv, weir::run_node_daemon); }
