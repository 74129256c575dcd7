// SPDX-License-Identifier: Apache-2.0
#include "relay/daemon/daemon.hpp"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "io/unix_socket.hpp"

namespace pronto::relay {

Daemon::Daemon(const Settings& settings)
    : settings_(settings), reporter_(settings_), guest_(settings_) {
    settings_.options.context = this;
    settings_.options.on_event = on_event;
    settings_.options.on_completion = on_completion;
    settings_.options.user = geteuid();
    settings_.options.guest_replaceable = settings_.guest != GuestKind::descriptor;
}

bool Daemon::open() {
    constexpr std::array signals{SIGTERM, SIGINT, SIGUSR1};
    if (const Status opened = signals_.open(signals); !opened.ok()) {
        reporter_.failure("cannot receive signals", {}, opened);
        return false;
    }
    if (const Status opened = relay_.open(settings_.options); !opened.ok()) {
        reporter_.failure(
            "cannot set up io_uring and memory (kernel 6.1 or later, io_uring allowed)", {},
            opened);
        return false;
    }
    io::OwnedFd listener;
    if (const Status bound = io::listen_unix(settings_.socket_path, listener); !bound.ok()) {
        reporter_.failure("cannot listen on --socket", settings_.socket_path, bound);
        return false;
    }
    relay_.listen(std::move(listener));
    if (const Status bound = guest_.open(); !bound.ok()) {
        reporter_.failure("cannot listen for the guest on", settings_.guest_path, bound);
        (void)io::remove_socket(settings_.socket_path);
        return false;
    }
    return true;
}

bool Daemon::serve() {
    signals_.arm(relay_.uring(), {signal_kind, 0, 0});
    for (;;) {
        Nanoseconds next_try_ns = never;
        if (const Status given = guest_.provide(relay_, next_try_ns); !given.ok()) {
            reporter_.failure("cannot reach the guest at", settings_.guest_path, given);
            return false;
        }
        if (!relay_.turn(next_try_ns)) return true;
    }
}

int Daemon::run() {
    if (!open()) return 1;
    reporter_.listening();
    const bool served = serve();
    // Gone before anybody can see that we are: a client that comes now is told so by the file
    // system.
    (void)io::remove_socket(settings_.socket_path);
    guest_.close();
    return served ? exit_code(relay_.cause()) : 1;
}

void Daemon::on_signals(std::int32_t result) {
    for (const signalfd_siginfo& signal : signals_.received(result)) {
        if (signal.ssi_signo == SIGUSR1) {
            reporter_.counters(relay_.counters(), relay_.clients());
        } else {
            relay_.request_shutdown();
        }
    }
    signals_.arm(relay_.uring(), {signal_kind, 0, 0});
}

void Daemon::on_event(void* context, const Event& event) {
    static_cast<Daemon*>(context)->reporter_.event(event);
}

void Daemon::on_completion(void* context, const io::Completion& completion) {
    auto* daemon = static_cast<Daemon*>(context);
    if (completion.op.kind == signal_kind) daemon->on_signals(completion.result);
    if (completion.op.kind == GuestSource::accept_kind) daemon->guest_.on_accept(completion.result);
}

}  // namespace pronto::relay
