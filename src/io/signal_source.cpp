// SPDX-License-Identifier: Apache-2.0
#include "io/signal_source.hpp"

#include <errno.h>
#include <signal.h>

namespace pronto::io {

Status SignalSource::open(std::span<const int> signals) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : signals)
        sigaddset(&wanted, signal);
    fd_ = OwnedFd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    return fd_.valid() ? Status{} : system_error(errno);
}

void SignalSource::arm(Uring& uring, Op op) {
    // SAFETY: records are plain bytes to the kernel.
    uring.read(fd_.get(), {reinterpret_cast<std::uint8_t*>(records_.data()), sizeof records_}, op);
}

std::span<const signalfd_siginfo> SignalSource::received(std::int32_t result) const {
    if (result <= 0) return {};
    return {records_.data(), static_cast<std::size_t>(result) / sizeof(signalfd_siginfo)};
}

}  // namespace pronto::io
