// All connectors that need no third-party library.
#pragma once

#include <weir/connectors/collection.hpp>
#include <weir/connectors/console.hpp>
#include <weir/connectors/file_sink.hpp>
#include <weir/connectors/file_source.hpp>
#include <weir/connectors/generator.hpp>
#include <weir/connectors/row_file.hpp>
#include <weir/connectors/socket_sink.hpp>
#include <weir/connectors/socket_source.hpp>
#include <weir/connectors/system_stats.hpp>
