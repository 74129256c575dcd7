// SPDX-License-Identifier: Apache-2.0
// `pronto shell`: a shell in a running guest, on a terminal when ours is one.
#pragma once

#include "cli/exec_command.hpp"

namespace pronto::cli {

int shell_command(ExecOptions options);

}  // namespace pronto::cli
