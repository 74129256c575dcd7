// SPDX-License-Identifier: Apache-2.0
// `pronto ping`: round trips to the agent.
#pragma once

#include "cli/target.hpp"

namespace pronto::cli {

struct PingOptions {
    Target target;
    unsigned count = 4;
    bool json = false;
};

int ping_command(const PingOptions& options);

}  // namespace pronto::cli
