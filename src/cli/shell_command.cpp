// SPDX-License-Identifier: Apache-2.0
#include "cli/shell_command.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/failure.hpp"

namespace pronto::cli {

int shell_command(ExecOptions options) {
    CommandLine& command = options.command;
    // A login shell, so that it reads the profile the root file system has.
    if (command.words.empty()) command.words = {"/bin/sh", "-l"};
    command.interactive = true;
    command.tty = isatty(STDIN_FILENO) == 1;
    if (command.tty) {
        const char* terminal = getenv("TERM");
        const std::string term = fmt::format("TERM={}", terminal == nullptr ? "linux" : terminal);
        command.environment.insert(command.environment.begin(), term);
        note(fmt::format("shell in {}; Ctrl-] leaves, which ends it", label(options.target)));
    }
    return exec_command(options);
}

}  // namespace pronto::cli
