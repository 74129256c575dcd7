// SPDX-License-Identifier: Apache-2.0
// The relay between one guest and its clients: one thread, one system call per turn, no heap. It
// prints nothing; the embedder hears of events. What is not here: starting a guest, socket paths,
// logs. A turn prepares all operations, enters the kernel once, and takes what completed. Sends are
// decided within that one call, so when it returns, every byte that was being sent has been taken
// or is copied aside.
#pragma once

#include "relay/boot.hpp"
#include "relay/client_intake.hpp"
#include "relay/client_output.hpp"
#include "relay/client_table.hpp"
#include "relay/guest_link.hpp"
#include "relay/leases.hpp"
#include "relay/listener.hpp"
#include "relay/router.hpp"

namespace pronto::relay {

/// Some hundred KiB, of which little is touched: lives in reserved memory, not on a stack.
class Relay {
  public:
    Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Reserves everything. The boot deadline counts from here.
    Status open(const Options& options);
    /// `fd` listens. Clients may come before there is a guest.
    void listen(io::OwnedFd fd);
    /// A stream socket, or another descriptor that io_uring reads and writes without blocking.
    /// Precondition: `wants_guest`.
    void attach_guest(io::OwnedFd fd);
    bool wants_guest() const {
        return ending_ == Cause::running && cause_ == Cause::running && !ready() &&
               !shutting_down_ && guest_.gone();
    }

    /// One turn. Returns at the latest at `until_ns` (monotonic; `never`: when something happened).
    /// False when the relay has ended: `cause` says why, and there is nothing more to do but
    /// destroy it.
    bool turn(Nanoseconds until_ns);

    /// Asks the guest to shut down and ends when it has, or when its window has passed. Ends at
    /// once before ready, and when asked a second time.
    void request_shutdown();

    Cause cause() const { return cause_; }
    bool ready() const { return context_.guest.ready; }
    const Counters<Counter>& counters() const { return context_.counters; }
    std::uint32_t clients() const { return clients_.connected_count(); }
    /// For the embedder's own operations, with kinds from `foreign_kind` on.
    io::Uring& uring() { return context_.uring; }

  private:
    void prepare();
    bool enter(Nanoseconds until_ns);
    void collect();
    void decide(const io::Completion& completion);
    void settle();
    void dispatch(const io::Completion& completion);
    bool current(const io::Completion& completion);
    void drive_guest();
    void guest_received(std::int32_t result);
    void guest_over(Status status);
    void begin_shutdown();
    void check_deadlines();
    void expire_clients();
    void end_when_flushed(Cause cause);
    bool flushed();
    void end(Cause cause);

    Context context_;
    ClientTable clients_;
    GuestLink guest_;
    Boot boot_;
    Leases leases_;
    ClientOutput output_;
    ClientIntake intake_;
    Router router_;
    Listener listener_;

    Cause cause_ = Cause::running;
    Cause ending_ = Cause::running;  ///< the guest is gone, and clients still take what it said
    bool shutting_down_ = false;
    bool shutdown_owed_ = false;  ///< the lane had no room for it yet
    bool guest_seen_ = false;
    Nanoseconds boot_deadline_ns_ = never;
    Nanoseconds shutdown_deadline_ns_ = never;
    Nanoseconds ending_deadline_ns_ = never;
    std::array<io::Completion, completions_max> completions_;
};

}  // namespace pronto::relay
