// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/guest.hpp"

namespace pronto::cli {

namespace {

/// Stops the guest on every way out.
class Temporary {
  public:
    explicit Temporary(const GuestDirectory& guest) : guest_(guest) {}
    ~Temporary() {
        try {
            (void)stop_guest(guest_, {.window_ns = 5 * ns_per_s, .quiet = true});
        } catch (const Failure& failure) {
            note(failure.message);
        }
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

  private:
    const GuestDirectory& guest_;
};

}  // namespace

int run_command(RunOptions options) {
    const Signals signals;
    const GuestDirectory guest(fmt::format("run-{}", getpid()));
    const GuestLock lock = GuestLock::create(guest);
    options.guest.short_lived = true;
    start_guest(options.guest, guest, signals);
    const Temporary temporary(guest);
    options.exec.target = {guest.name(), {}};
    client::Connection connection;
    connect(connection, options.exec.target);
    return run_attached(connection, options.exec, signals);
}

}  // namespace pronto::cli
