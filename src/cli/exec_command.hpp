// SPDX-License-Identifier: Apache-2.0
// `pronto exec`: one command in a running guest.
#pragma once

#include "cli/attach.hpp"
#include "cli/target.hpp"

namespace pronto::cli {

struct ExecOptions {
    Target target;
    CommandLine command;
    bool json = false;  ///< one object with verdict and output instead of the output itself
};

/// Returns the exit code.
int exec_command(const ExecOptions& options);

/// The same on a connection that is there already.
int run_attached(client::Connection& connection, const ExecOptions& options,
                 const Signals& signals);

}  // namespace pronto::cli
