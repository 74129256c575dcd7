// SPDX-License-Identifier: Apache-2.0
// How a command in the guest ended, and the exit code that says so.
#pragma once

#include <optional>
#include <string>

#include "core/wire/exec.hpp"

namespace pronto::cli {

struct Outcome {
    int exit_code = 0;
    std::uint32_t pid = 0;  ///< in the guest; 0: it was never started
    std::optional<wire::ExecExited> exited;
    std::string problem;  ///< for standard error; empty when there is nothing to say
    bool timed_out = false;
};

/// The command's own code, or 128 + N for death by signal N. A guest that does not say which one:
/// 128.
int exit_code_of(const wire::ExecExited& exited);
/// 127 not found, 126 cannot be executed as asked, 125 for the rest.
int exit_code_of(const wire::ExecFailure& failure);

/// "cannot run NAME: ...".
std::string explain(const wire::ExecFailure& failure, std::string_view command);

}  // namespace pronto::cli
