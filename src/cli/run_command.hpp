// SPDX-License-Identifier: Apache-2.0
// `pronto run`: a guest for one command; started, used, stopped, and nothing left of it.
#pragma once

#include "cli/exec_command.hpp"
#include "cli/guest_options.hpp"

namespace pronto::cli {

struct RunOptions {
    GuestOptions guest;
    ExecOptions exec;
};

int run_command(RunOptions options);

}  // namespace pronto::cli
