// Everything a pipeline author needs: #include <weir/weir.hpp>.
#pragma once

#include <weir/operators/aggregate.hpp>
#include <weir/operators/async.hpp>
#include <weir/operators/broadcast.hpp>
#include <weir/operators/co_group.hpp>
#include <weir/operators/connect.hpp>
#include <weir/operators/distinct.hpp>
#include <weir/operators/event_time.hpp>
#include <weir/operators/filter.hpp>
#include <weir/operators/flat_map.hpp>
#include <weir/operators/interval_join.hpp>
#include <weir/operators/iterate.hpp>
#include <weir/operators/job.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/lookup_join.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/materialize.hpp>
#include <weir/operators/merge.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/process.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/sink.hpp>
#include <weir/operators/source.hpp>
#include <weir/operators/split.hpp>
#include <weir/operators/top_n.hpp>
#include <weir/operators/window_join.hpp>
#include <weir/operators/windowed.hpp>

#include <weir/connectors/connectors.hpp>

