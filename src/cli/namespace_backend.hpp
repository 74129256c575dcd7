// SPDX-License-Identifier: Apache-2.0
// A guest without a VM: the agent as PID 1 of private namespaces, at native speed. For development,
// tests and measurements. It shares the machine's kernel, so it is no boundary against code that is
// not trusted.
#pragma once

#include "cli/guest_options.hpp"
#include "cli/process.hpp"
#include "cli/state.hpp"

namespace pronto::cli {

/// Starts it with `port_fd` as its port. Needs root. Throws.
Process start_in_namespaces(const GuestOptions& options, const GuestDirectory& guest, int port_fd);

}  // namespace pronto::cli
