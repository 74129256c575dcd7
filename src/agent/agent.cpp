// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.hpp"

#include <signal.h>
#include <unistd.h>

#include "agent/console.hpp"
#include "io/clock.hpp"

namespace pronto::agent {

namespace {

/// Memory a burst touched is kept this long, in case the next one is near.
constexpr Nanoseconds trim_delay_ns = 1 * ns_per_s;

/// So long nothing may happen before work is done that nobody waits for.
constexpr Nanoseconds chore_delay_ns = 1 * ns_per_ms;

/// How long the last frames may take to leave.
constexpr Nanoseconds farewell_ns = 200 * ns_per_ms;

/// Of one submission. More are submitted in parts, and completions that do not fit wait in the
/// kernel; a larger ring costs boot time in pages that are never needed.
constexpr std::uint32_t ring_entries = 64;

Nanoseconds nearer(Nanoseconds left, Nanoseconds right) {
    if (left == 0 || right == 0) return left + right;
    return left < right ? left : right;
}

}  // namespace

Status Agent::open(const Options& options, io::SerialPort port, const BootTimes& times) {
    options_ = options;
    times_ = times;
    if (Status opened = uring_.open({.entries = ring_entries}); !opened.ok()) return opened;
    const int wanted[] = {SIGCHLD, SIGIO, SIGTERM, SIGINT, SIGPWR};
    if (Status opened = signals_.open(wanted); !opened.ok()) return opened;
    if (Status opened = arena_.open(uring_); !opened.ok()) return opened;
    if (Status opened =
            link_.open(std::move(port), options.reconnect_path, arena_, options.profile.generation);
        !opened.ok())
        return opened;
    windows_.reset(0);
    return sessions_.open(
        {&uring_, &link_.outbox(), &arena_, &windows_, options.program_descriptors});
}

Status Agent::run() {
    signals_.arm(uring_, make_op(OpKind::signal));
    link_changed(link_.look(uring_, io::monotonic_ns()));
    while (shutdown_.step() != Shutdown::Step::done) {
        if (Status turned = turn(); !turned.ok()) return turned;
    }
    // The last verdicts are still to leave; a host that takes none of them holds nothing up for
    // long.
    const Nanoseconds deadline_ns = io::monotonic_ns() + farewell_ns;
    while (link_.present() && !link_.outbox().idle() && io::monotonic_ns() < deadline_ns) {
        if (Status turned = turn(); !turned.ok()) return turned;
    }
    return {};
}

/// One turn: everything that completed, then input within its budget, then what follows from both,
/// in one submission.
Status Agent::turn() {
    const std::uint32_t count = uring_.reap(completions_);
    for (std::uint32_t index = 0; index < count; ++index)
        dispatch(completions_[index]);
    sessions_.output_left(link_.settle(uring_));
    take_frames();
    if (reap_due_) reap_due_ = sessions_.reap();

    const Nanoseconds now_ns = io::monotonic_ns();
    if (output_due_ && !link_.outbox().in_flight()) {
        output_due_ = false;
        sessions_.output_left(link_.drop_output());
    }
    if (link_.retry_deadline() != 0 && now_ns >= link_.retry_deadline())
        link_changed(link_.look(uring_, now_ns));
    if (ack_deadline_ns_ != 0 && now_ns >= ack_deadline_ns_) {
        print(Line() << "warning: the host did not answer core.init.resolved; going on without");
        send_ready();
    }
    sessions_.pump(now_ns);
    if (shutdown_.running()) {
        const bool heard = !link_.present() || link_.outbox().idle();
        shutdown_.advance(now_ns, sessions_.live_count() > 0 || !heard);
    }
    if (shutdown_.step() == Shutdown::Step::kill) sessions_.signal_all(SIGKILL);
    arena_.replenish();
    link_.pump(uring_, !sessions_.has_spare_control());
    rest(now_ns);
    return {};
}

/// Submits, and waits when there is nothing left to do in this turn. Chores are done before a wait,
/// never before work.
void Agent::rest(Nanoseconds now_ns) {
    const bool more_to_do = frames_due_ || reap_due_ || link_.outbox().held_up() ||
                            (output_due_ && !link_.outbox().in_flight()) ||
                            ((output_due_ || shutdown_.running()) && link_.outbox().quiet());
    if (more_to_do) {
        PRONTO_ASSERT(uring_.enter(0, 0).ok());
        return;
    }
    if (shutdown_.step() == Shutdown::Step::done) {
        const bool waits = link_.outbox().in_flight() && !link_.outbox().quiet();
        PRONTO_ASSERT(uring_.enter(waits ? 1 : 0, waits ? farewell_ns : 0).ok());
        return;
    }
    if (chores_due_ || sessions_.has_closing()) {
        // While programs run their ends come first: then a chore waits for a quiet moment.
        const bool busy = sessions_.live_count() > 0;
        PRONTO_ASSERT(uring_.enter(busy ? 1 : 0, busy ? chore_delay_ns : 0).ok());
        if (uring_.has_completions()) return;
        chores_due_ = sessions_.do_chore();
        return;
    }
    const bool trimmable = sessions_.worth_trimming();
    if (!trimmable) trim_deadline_ns_ = 0;
    if (trimmable && trim_deadline_ns_ == 0) trim_deadline_ns_ = now_ns + trim_delay_ns;
    if (trimmable && now_ns >= trim_deadline_ns_) {
        sessions_.trim();
        link_.trim();
        trim_deadline_ns_ = 0;
    }
    const Nanoseconds deadline = next_deadline();
    const Nanoseconds timeout = deadline == 0 ? 0 : deadline > now_ns ? deadline - now_ns : 1;
    PRONTO_ASSERT(uring_.enter(1, timeout).ok());
}

Nanoseconds Agent::next_deadline() const {
    Nanoseconds deadline = nearer(sessions_.next_deadline(), link_.retry_deadline());
    deadline = nearer(deadline, ack_deadline_ns_);
    deadline = nearer(deadline, trim_deadline_ns_);
    return nearer(deadline, shutdown_.deadline());
}

void Agent::dispatch(const io::Completion& completion) {
    switch (static_cast<OpKind>(completion.op.kind)) {
        case OpKind::ignored: return;
        case OpKind::port_read: return link_changed(link_.read_done(completion.result));
        case OpKind::port_write: {
            std::span<const OutputDone> done;
            const LinkChange change = link_.write_done(completion.result, done);
            sessions_.output_left(done);
            return link_changed(change);
        }
        case OpKind::signal: return dispatch_signals(completion.result);
        case OpKind::output_read: return sessions_.output_read(completion);
        case OpKind::stdin_write: return sessions_.stdin_written(completion);
    }
    PRONTO_UNREACHABLE();
}

void Agent::dispatch_signals(std::int32_t result) {
    for (const signalfd_siginfo& signal : signals_.received(result)) {
        switch (signal.ssi_signo) {
            case SIGCHLD: reap_due_ = true; break;
            case SIGIO: link_changed(link_.look(uring_, io::monotonic_ns())); break;
            default: begin_shutdown(); break;  // TERM, INT (Ctrl-Alt-Del), PWR
        }
    }
    signals_.arm(uring_, make_op(OpKind::signal));
}

void Agent::link_changed(LinkChange change) {
    if (change == LinkChange::gained) greet();
    if (change != LinkChange::lost) return;
    // Nobody is left to read output or to ask for an end: what the host started ends with it.
    sessions_.abandon_all();
    windows_.reset(0);
    ack_deadline_ns_ = 0;
    output_due_ = true;
    if (link_.ended()) begin_shutdown();
}

void Agent::begin_shutdown() {
    if (shutdown_.running()) return;
    sessions_.signal_all(SIGTERM);
    shutdown_.begin(io::monotonic_ns(), options_.as_init);
    reap_due_ = true;
}

}  // namespace pronto::agent
