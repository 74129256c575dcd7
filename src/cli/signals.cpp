// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.hpp"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include <fmt/format.h>

#include "cli/failure.hpp"

namespace pronto::cli {

Signals::Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH})
        sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    fd_ = io::OwnedFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_.valid()) fail_errno("receive signals");
}

int Signals::take() const {
    signalfd_siginfo record;
    const bool got = ::read(fd_.get(), &record, sizeof record) == sizeof record;
    return got ? static_cast<int>(record.ssi_signo) : 0;
}

void Signals::stop_if_asked() const {
    for (int number = take(); number != 0; number = take()) {
        if (number == SIGWINCH) continue;
        throw Failure{
            fmt::format("stopped by SIG{}", sigabbrev_np(number)), {}, exit_signal_base + number};
    }
}

}  // namespace pronto::cli
