// SPDX-License-Identifier: Apache-2.0
// `pronto bench`: latency, throughput and memory of the agent, directly over its port and through
// the relay, on the namespace backend; each figure beside a floor measured in the same run.
#pragma once

#include <string>
#include <vector>

#include "cli/guest_options.hpp"

namespace pronto::cli {

struct BenchOptions {
    std::vector<std::string> measures;  ///< of exec, ping, stdout, stall; empty: all
    std::string path;                   ///< "port", "relay", or empty: both
    GuestOptions guest;
    unsigned rounds = 5;        ///< medians are taken over rounds
    unsigned iterations = 200;  ///< of latencies, per round
    bool json = false;
    bool check = false;  ///< exit code 1 when a goal was missed
};

int bench_command(const BenchOptions& options);

}  // namespace pronto::cli
