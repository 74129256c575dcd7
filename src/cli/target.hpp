// SPDX-License-Identifier: Apache-2.0
// The guest a command is for: a name of ours, or the path of any agent.sock.
#pragma once

#include <string>

#include "client/connection.hpp"

namespace pronto::cli {

struct Target {
    std::string name;         ///< empty when `socket_path` was given
    std::string socket_path;  ///< of `--socket`
};

/// For messages: the name, or the path.
const std::string& label(const Target& target);

/// Connects and waits for ready; throws with what to do when there is no such guest, or it is dead.
void connect(client::Connection& connection, const Target& target);

}  // namespace pronto::cli
