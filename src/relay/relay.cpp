// SPDX-License-Identifier: Apache-2.0
#include "relay/relay.hpp"

#include <errno.h>

#include <utility>

#include "io/clock.hpp"
#include "io/memory.hpp"

namespace pronto::relay {

namespace {

/// The kernel leaves entries behind only when it is short of memory; then it is asked again, not
/// for ever.
constexpr std::uint32_t submit_tries_max = 1000;

OpKind kind_of(const io::Completion& completion) { return static_cast<OpKind>(completion.op.kind); }

}  // namespace

Relay::Relay()
    : guest_(context_),
      boot_(context_, guest_),
      leases_(context_, clients_, guest_.lane()),
      output_(context_, clients_, leases_, guest_.lane()),
      intake_({&context_, &clients_, &guest_, &output_, &leases_}),
      router_({&context_, &clients_, &guest_, &output_, &intake_, &leases_, &boot_}),
      listener_(context_, clients_, output_) {}

Status Relay::open(const Options& options) {
    PRONTO_ASSERT(options.client_budget_bytes > 0);
    PRONTO_ASSERT(options.client_budget_bytes <= backlog_bytes_max);
    context_.options = options;
    if (Status opened = context_.uring.open({.entries = uring_entries}); !opened.ok())
        return opened;
    const Bytes memory = io::reserve(ClientTable::memory_bytes);
    if (memory.empty()) return system_error(ENOMEM);
    clients_.attach(IdRanges(options.greeting), memory);
    if (Status opened = guest_.open(); !opened.ok()) return opened;
    if (Status opened = boot_.open(); !opened.ok()) return opened;
    context_.now_ns = io::monotonic_ns();
    boot_deadline_ns_ = context_.now_ns + options.boot_timeout_ns;
    context_.wake_by(boot_deadline_ns_);
    return {};
}

void Relay::listen(io::OwnedFd fd) { listener_.open(std::move(fd)); }

void Relay::attach_guest(io::OwnedFd fd) {
    PRONTO_ASSERT(wants_guest());
    context_.now_ns = io::monotonic_ns();
    guest_.attach(std::move(fd));
    guest_seen_ = true;
    router_.reset();
    boot_.begin();
    context_.emit({.kind = EventKind::guest_attached});
}

bool Relay::turn(Nanoseconds until_ns) {
    if (cause_ == Cause::running) prepare();
    if (cause_ == Cause::running && enter(until_ns)) collect();
    return cause_ == Cause::running;
}

// Everything that can be decided from what is known now, as operations for the kernel.
void Relay::prepare() {
    context_.more_work = false;
    if (context_.now_ns >= context_.wake_at_ns) check_deadlines();
    if (cause_ != Cause::running) return;
    if (shutdown_owed_ && guest_.lane().shutdown()) shutdown_owed_ = false;
    if (const Status routed = router_.route(); !routed.ok()) {
        guest_over(routed);
    }
    if (ending_ != Cause::running) {
        if (flushed()) return end(ending_);
        context_.more_work = !clients_.to_send.empty();
    }
    leases_.step();
    drive_guest();
    output_.flush();
    intake_.arm_receives();
    guest_.arm_receive();
    listener_.arm();
}

void Relay::drive_guest() {
    boot_.step();
    if (!guest_.idle()) return;
    guest_.begin_batch();
    if (context_.guest.ready) intake_.fill_batch();
    guest_.submit_batch();
    if (intake_.shutdown_seen() && !shutting_down_) begin_shutdown();
}

bool Relay::enter(Nanoseconds until_ns) {
    const Nanoseconds wake_ns = until_ns < context_.wake_at_ns ? until_ns : context_.wake_at_ns;
    const bool wait = !context_.more_work && wake_ns > context_.now_ns;
    const Nanoseconds timeout_ns = wait && wake_ns != never ? wake_ns - context_.now_ns : 0;
    Status entered = context_.uring.enter(wait ? 1 : 0, timeout_ns);
    for (std::uint32_t tries = 0; entered.ok() && !context_.uring.submitted(); ++tries) {
        if (tries == submit_tries_max) entered = system_error(EAGAIN);
        if (entered.ok()) entered = context_.uring.enter(0, 0);
    }
    context_.now_ns = io::monotonic_ns();
    if (!entered.ok()) end(Cause::internal);
    return entered.ok();
}

// Short sends first: what they leave is copied out of memory that `settle` then frees for new
// bytes.
void Relay::collect() {
    const std::uint32_t count = context_.uring.reap(completions_);
    const std::span<const io::Completion> completed(completions_.data(), count);
    for (const io::Completion& completion : completed)
        decide(completion);
    settle();
    for (const io::Completion& completion : completed) {
        if (cause_ != Cause::running) return;
        dispatch(completion);
    }
}

bool Relay::current(const io::Completion& completion) {
    return clients_[completion.op.slot].generation == completion.op.generation;
}

void Relay::decide(const io::Completion& completion) {
    Status status;
    switch (kind_of(completion)) {
        case OpKind::client_send_quiet:
            PRONTO_ASSERT(current(completion));
            output_.on_quiet(completion.op.slot, completion.result);
            return;
        case OpKind::guest_send_quiet: status = guest_.on_quiet(completion.result); break;
        case OpKind::guest_send: status = guest_.on_send(completion.result); break;
        default: return;
    }
    // A broken pipe is the same end as the end of its other direction, which may still hold frames.
    if (!status.ok() && status.system_errno != EPIPE && status.system_errno != ECONNRESET)
        guest_over(status);
}

void Relay::settle() {
    output_.settle();
    if (guest_.settle_batch()) intake_.batch_sent();
    guest_.settle_ring();
}

void Relay::dispatch(const io::Completion& completion) {
    if (completion.op.kind >= foreign_kind) {
        if (context_.options.on_completion != nullptr) {
            context_.options.on_completion(context_.options.context, completion);
        }
        return;
    }
    const std::uint32_t slot = completion.op.slot;
    switch (kind_of(completion)) {
        case OpKind::guest_receive: guest_received(completion.result); return;
        case OpKind::listener_accept: listener_.on_accept(completion.result); return;
        case OpKind::client_receive: intake_.on_receive(slot, completion.result); return;
        case OpKind::client_hangup: intake_.on_hangup(slot); return;
        case OpKind::client_send: output_.on_send(slot, completion.result); return;
        case OpKind::cancelled: leases_.operation_done(slot); return;
        case OpKind::guest_send:
        case OpKind::guest_send_quiet:
        case OpKind::client_send_quiet: return;  // decided already
        case OpKind::count_: break;
    }
    PRONTO_UNREACHABLE();
}

void Relay::guest_received(std::int32_t result) {
    Status status;
    if (!guest_.on_receive(result, status)) guest_over(status);
}

void Relay::guest_over(Status status) {
    if (ending_ != Cause::running) return;
    guest_.detach();
    if (!ready() && context_.options.guest_replaceable && !shutting_down_) {
        context_.emit({.kind = EventKind::guest_lost, .error = status});
        return;
    }
    if (shutting_down_) {
        end_when_flushed(Cause::shutdown);
    } else {
        end_when_flushed(status.ok() ? Cause::guest_closed : Cause::guest_failed);
    }
}

// The guest's last words are the ones that matter: clients get a moment to take them.
void Relay::end_when_flushed(Cause cause) {
    ending_ = cause;
    ending_deadline_ns_ = context_.now_ns + linger_timeout;
    context_.wake_by(ending_deadline_ns_);
    context_.more_work = true;
    listener_.close();
}

bool Relay::flushed() {
    bool waiting = router_.held() || !clients_.to_send.empty();
    clients_.connected.for_each(
        [&](std::uint32_t slot) { waiting = waiting || !clients_[slot].backlog.empty(); });
    return !waiting;
}

void Relay::request_shutdown() {
    if (cause_ != Cause::running) return;
    if (shutting_down_ || !ready() || ending_ != Cause::running) {
        end(ending_ == Cause::running ? Cause::shutdown : ending_);
        return;
    }
    shutdown_owed_ = true;
    begin_shutdown();
}

void Relay::begin_shutdown() {
    shutting_down_ = true;
    listener_.close();
    shutdown_deadline_ns_ = context_.now_ns + context_.options.shutdown_window_ns;
    context_.wake_by(shutdown_deadline_ns_);
    context_.emit({.kind = EventKind::shutting_down});
}

void Relay::check_deadlines() {
    const Nanoseconds now_ns = context_.now_ns;
    context_.wake_at_ns = never;
    if (!ready() && now_ns >= boot_deadline_ns_) {
        end(guest_seen_ ? Cause::boot_timeout : Cause::no_guest);
        return;
    }
    if (now_ns >= ending_deadline_ns_) return end(ending_);
    if (now_ns >= shutdown_deadline_ns_) {
        end(Cause::shutdown_timeout);
        return;
    }
    if (!ready()) context_.wake_by(boot_deadline_ns_);
    context_.wake_by(shutdown_deadline_ns_);
    context_.wake_by(ending_deadline_ns_);
    boot_.wake();
    expire_clients();
}

void Relay::expire_clients() {
    clients_.connected.for_each([this](std::uint32_t slot) {
        output_.expire(slot);
        intake_.expire(slot);
        const Client& client = clients_[slot];
        if (client.state == ClientState::departed) return;
        for (const Nanoseconds deadline_ns :
             {client.partial_deadline_ns, client.stall_deadline_ns, client.hold_deadline_ns,
              client.linger_deadline_ns, client.give_back_ns}) {
            if (deadline_ns > context_.now_ns) context_.wake_by(deadline_ns);
        }
    });
    clients_.departed.for_each([this](std::uint32_t slot) {
        const Nanoseconds deadline_ns = clients_[slot].lease_deadline_ns;
        if (deadline_ns > context_.now_ns) context_.wake_by(deadline_ns);
    });
}

void Relay::end(Cause cause) {
    PRONTO_ASSERT(cause != Cause::running);
    if (cause_ != Cause::running) return;
    cause_ = cause;
    listener_.close();
    guest_.detach();
    clients_.connected.for_each([this](std::uint32_t slot) { leases_.depart(slot); });
    context_.emit({.kind = EventKind::ended, .value = static_cast<std::uint64_t>(cause)});
}

}  // namespace pronto::relay
