// SPDX-License-Identifier: Apache-2.0
#include "cli/exec_command.hpp"

#include <unistd.h>

#include "cli/failure.hpp"
#include "cli/json_output.hpp"

namespace pronto::cli {

int run_attached(client::Connection& connection, const ExecOptions& options,
                 const Signals& signals) {
    std::string collected_output;
    std::string collected_errors;
    Output output = options.json ? Output(collected_output) : Output(STDOUT_FILENO);
    Output errors = options.json ? Output(collected_errors) : Output(STDERR_FILENO);
    const Outcome outcome = attach(connection, options.command, {&output, &errors}, signals);
    if (options.json) {
        print_exec(outcome, collected_output, collected_errors);
    } else if (!outcome.problem.empty()) {
        note(outcome.problem);
    }
    return outcome.exit_code;
}

int exec_command(const ExecOptions& options) {
    const Signals signals;
    client::Connection connection;
    connect(connection, options.target);
    return run_attached(connection, options, signals);
}

}  // namespace pronto::cli
