// The cases, by subject. main() registers them all; which run is chosen by name.
#pragma once

#include "harness.hpp"

namespace bench {

void add_stateless_cases(const Settings& settings);
void add_keyed_count_cases(const Settings& settings);
void add_window_cases(const Settings& settings);
void add_checkpoint_cases(const Settings& settings);
void add_state_size_cases(const Settings& settings);
void add_latency_cases(const Settings& settings);

}  // namespace bench
