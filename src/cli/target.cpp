// SPDX-License-Identifier: Apache-2.0
#include "cli/target.hpp"

#include <errno.h>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/state.hpp"

namespace pronto::cli {

namespace {

bool nobody_there(const Status& status) {
    return status.system_errno == ENOENT || status.system_errno == ECONNREFUSED;
}

[[noreturn]] void fail_handshake(const std::string& label, const Status& status) {
    const std::string start = fmt::format("cannot talk to {}: ", label);
    switch (status.code) {
        case Code::closed:
            fail(start + "the relay closed the connection",
                 "it has as many clients as it can have, or its guest has just ended");
        case Code::timed_out:
            fail(start + "the guest is not ready",
                 "it may still be starting: try again, or look at its console log");
        case Code::bad_argument:
            fail(start + "the path of the socket is longer than the system takes");
        case Code::system: fail(start + reason(status));
        default: fail(start + reason(status), "is this the socket of an agent's relay?");
    }
}

[[noreturn]] void fail_missing(const Target& target, const Status& status) {
    if (target.name.empty()) {
        fail(fmt::format("nobody listens on {}: {}", target.socket_path, reason(status)),
             "give the path of a running guest's agent.sock");
    }
    if (GuestDirectory(target.name).exists()) {
        fail(fmt::format("the guest \"{}\" is dead or still starting", target.name),
             fmt::format(
                 "`pronto ps` says which; `pronto down {0}` cleans up, `pronto up {0}` starts anew",
                 target.name));
    }
    fail(fmt::format("there is no guest \"{}\"", target.name),
         fmt::format("`pronto up {}` starts one, `pronto ps` shows those there are", target.name));
}

}  // namespace

const std::string& label(const Target& target) {
    return target.name.empty() ? target.socket_path : target.name;
}

void connect(client::Connection& connection, const Target& target) {
    const std::string path =
        target.name.empty() ? target.socket_path : GuestDirectory(target.name).socket_path();
    const Status connected = connection.connect(path);
    if (connected.ok()) return;
    if (nobody_there(connected)) fail_missing(target, connected);
    fail_handshake(label(target), connected);
}

}  // namespace pronto::cli
