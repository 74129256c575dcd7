// SPDX-License-Identifier: Apache-2.0
// Runs one command in a guest with our own streams attached, until it has ended. Waits in one
// place, for everything.
#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/terminal.hpp"
#include "cli/verdict.hpp"
#include "client/exec_session.hpp"

namespace pronto::cli {

struct CommandLine {
    std::vector<std::string> words;        ///< the program, then its arguments
    std::vector<std::string> environment;  ///< KEY=VALUE
    std::string user;
    std::string working_directory;
    bool interactive = false;  ///< our standard input is the command's
    bool tty = false;
    double timeout_seconds = 0;  ///< 0: none
};

/// Precondition: `outputs` are what the command's streams go to.
struct Streams {
    Output* output = nullptr;
    Output* errors = nullptr;
};

/// Throws Failure when the connection, not the command, fails.
Outcome attach(client::Connection& connection, const CommandLine& command, const Streams& streams,
               const Signals& signals);

}  // namespace pronto::cli
