#include <weir/cli/invocation.hpp>

int main(int argc, char** argv) { return weir::cli::run_weir(argc, argv, nullptr); }
