// SPDX-License-Identifier: Apache-2.0
// One relay as a process: its sockets, its signals, and what it says. One thread; no heap once it
// runs.
#pragma once

#include "io/signal_source.hpp"
#include "relay/daemon/guest_source.hpp"
#include "relay/daemon/reporter.hpp"
#include "relay/relay.hpp"

namespace pronto::relay {

/// Lives in reserved memory, as the relay in it is large.
class Daemon {
  public:
    explicit Daemon(const Settings& settings);

    /// Serves until the guest is gone or a signal asks for an end; the exit code. Failures have
    /// been printed.
    int run();

  private:
    bool open();
    bool serve();
    void on_signals(std::int32_t result);

    static void on_event(void* context, const Event& event);
    static void on_completion(void* context, const io::Completion& completion);
    static constexpr std::uint8_t signal_kind = foreign_kind;

    Settings settings_;
    Reporter reporter_;
    GuestSource guest_;
    io::SignalSource signals_;
    Relay relay_;
};

}  // namespace pronto::relay
