// All connectors that need no third-party library.
#pragma once

#include <weir/connectors/collection.hpp>
#include <weir/connectors/file_source.hpp>
#include <weir/connectors/row_file.hpp>
