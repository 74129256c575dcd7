// SPDX-License-Identifier: Apache-2.0
// What the daemon says: lines on standard error for people or scripts, and notifications for who
// started it.
#pragma once

#include "relay/daemon/settings.hpp"
#include "relay/relay_counters.hpp"

namespace pronto::relay {

class Reporter {
  public:
    explicit Reporter(const Settings& settings) : settings_(settings) {}

    void listening();
    void event(const Event& event);
    /// Always printed: it was asked for.
    void counters(const Counters<Counter>& counters, std::uint32_t clients);
    /// What failed, on what, and what to do about it. Printed even when quiet.
    void failure(std::string_view what, std::string_view path, Error error);

  private:
    void json(const Event& event);
    void text(const Event& event);
    void ended(Cause cause);
    void notify(std::string_view line);

    const Settings& settings_;
    Nanoseconds started_ns_ = 0;
};

/// 0: as asked; 1: the guest or the relay failed.
int exit_code(Cause cause);

}  // namespace pronto::relay
