// All connectors that need no server.
#pragma once

#include <weir/connectors/collection.hpp>
