// SPDX-License-Identifier: Apache-2.0
// The agent's command line. As PID 1 the kernel adds words of its own, so unknown ones are only
// warned about there.
#pragma once

#include "core/wire/profile.hpp"

namespace pronto::agent {

struct Options {
    enum class Action : std::uint8_t { run, help, version, usage };

    Action action = Action::run;
    const char* port_path = nullptr;  ///< a character device or a stream socket
    int port_fd = -1;                 ///< handed down by the host
    bool exit_when_done = false;      ///< end the process instead of the machine
    wire::Profile profile = wire::profile_default;
};

Options parse_options(int count, char** words, bool as_init);

extern const char* const help_text;

}  // namespace pronto::agent
