// The control messages of a cluster, by who says them to whom. A worker speaks to the daemon of its node alone, which relays to
// and from the leader what belongs to an attempt; data goes from worker to worker (frame.hpp) and is not here.
//
//   worker            daemon            leader
//     | WorkerHello ----->|                |
//     |<---------- Assign |                |           what to load and run
//     | WorkerUp ---------+--------------->|           the plan is made
//     |<------------------+-------- Deploy |           once all workers of the attempt are up
//     | ReadyToOpen ------+--------------->|
//     |<------------------+---------- Open |           the attempt still is the job's
//     | TaskReady* -------+--------------->|
//     |<------------------+------------ Go |
//     | TaskStored, TaskFinished, TaskFailed, … ------>|
//     |<------------------+-- Trigger, Complete, GiveUp|
//
// The packet that carries a message names its job and attempt, so that a daemon relays without looking inside.
// All are values. Text fields may hold any bytes.
#pragma once

#include <weir/wire/cluster_messages.hpp>
#include <weir/wire/part_messages.hpp>
#include <weir/wire/worker_messages.hpp>
