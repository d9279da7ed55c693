// The cluster's figures for Prometheus, in its text format 0.0.4. The leader knows them all and any node passes them on, so one
// node is scraped, whichever answers; scraping several counts everything several times.
//
//   text   := family*
//   family := "# HELP" name text '\n' "# TYPE" name ("counter" | "gauge") '\n' sample*
//   sample := name ('{' label '="' escaped '"' (',' ...)* '}')? ' ' number '\n'
//
// A task's counters begin at 0 with each attempt of its job, which Prometheus takes for what it is. Pure.
#pragma once

#include <string>

#include <weir/actors/cluster_control.hpp>
#include <weir/base/time.hpp>

namespace weir {

/// `now` is the wall clock's, as event times are: the lag of a watermark is its distance to it.
std::string cluster_metrics(const ClusterControl& control, ProcessingTime now);

}  // namespace weir
