// SPDX-License-Identifier: Apache-2.0
// Namespaces and a small root for an agent that is to be PID 1. Everything happens in the child;
// this machine sees nothing of it.
#pragma once

#include <sys/types.h>

#include <string>

namespace pronto::test {

/// Where this very program lies in the small root.
constexpr const char* programs_path = "/mnt/programs";

/// fork into new pid, mount, network, uts and ipc namespaces.
pid_t fork_isolated();

struct SmallRoot {
    std::string stage;  ///< an empty directory to mount on
    std::string passwd, group;
};

/// In the child: this machine's root read-only, private /dev and /mnt in memory. Ends the process
/// with a line on its standard error when a step fails.
void enter_small_root(const SmallRoot& root);

}  // namespace pronto::test
