// Everything a pipeline author needs: #include <weir/weir.hpp>.
#pragma once

#include <weir/operators/aggregate.hpp>
#include <weir/operators/event_time.hpp>
#include <weir/operators/filter.hpp>
#include <weir/operators/flat_map.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/merge.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/sink.hpp>
#include <weir/operators/source.hpp>
