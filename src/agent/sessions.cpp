// SPDX-License-Identifier: Apache-2.0
#include "agent/sessions.hpp"

#include <errno.h>
#include <string.h>

#include "agent/console.hpp"
#include "io/clock.hpp"

namespace pronto::agent {

/// The program's ends of a session's pipes; closed when this goes. A terminal is one descriptor for
/// all three.
struct Sessions::Ends {
    io::OwnedFd input, output, error;
    std::int32_t terminal = -1;
    Spawner::Stdio numbers() const {
        if (terminal >= 0) return {terminal, terminal, terminal};
        return {input.get(), output.get(), error.get()};
    }
};

Status Sessions::open(const Surroundings& surroundings) {
    with_ = surroundings;
    if (Status opened = pool_.open(); !opened.ok()) return opened;
    return spawner_.open(surroundings.descriptors);
}

void Sessions::start(std::uint32_t id, wire::ExecRequest& request, Nanoseconds received_ns) {
    if (id == 0)
        return report_error(id, wire::ErrorKind::invalid_session, "id 0 cannot carry a session");
    if (table_.by_id.find(id) != slot_none) {
        return report_error(id, wire::ErrorKind::invalid_session,
                            "the id belongs to a session that still runs");
    }
    const std::uint32_t slot = table_.add(id);
    if (slot == slot_none) {
        return refuse_start(
            id, {"resource_limit", "prepare", "as many sessions run as the agent holds", EAGAIN});
    }
    Ends ends;
    const Status made = make_stdio(slot, request, ends);
    Spawner::Outcome outcome;
    if (made.ok()) {
        outcome = spawner_.spawn(request, ends.numbers());
    } else {
        const std::string_view kind = request.tty ? "pty_setup_failed" : "resource_limit";
        outcome.failure = {kind, request.tty ? "openpty" : "pipe", {}, made.system_errno};
    }
    if (!outcome.started) {
        close_input(slot);
        close_terminal(slot);
        close_stream(2 * slot);
        close_stream(2 * slot + 1);
        table_.remove(slot);
        return refuse_start(id, outcome.failure);
    }
    ++started_count_;
    table_.pid[slot] = outcome.pid;
    table_.by_pid.insert(static_cast<std::uint32_t>(outcome.pid), slot);
    table_.record[slot].received_ns = received_ns;
    table_.record[slot].spawned_ns = io::boottime_ns();
    with_.outbox->send(wire::Message::exec_started, id,
                       wire::ExecStarted{static_cast<std::uint32_t>(outcome.pid)});
    read_output(2 * slot);
    if (!request.tty) read_output(2 * slot + 1);
}

Status Sessions::make_stdio(std::uint32_t slot, const wire::ExecRequest& request, Ends& ends) {
    table_.tty[slot] = request.tty;
    if (!request.tty) {
        io::StdioPipes pipes;
        if (Status taken = spares_.take(pipes); !taken.ok()) return taken;
        ends.input = std::move(pipes.child_stdin);
        ends.output = std::move(pipes.child_stdout);
        ends.error = std::move(pipes.child_stderr);
        table_.input[slot].fd = pipes.stdin_end.release();
        table_.streams[2 * slot].fd = pipes.stdout_end.release();
        table_.streams[2 * slot + 1].fd = pipes.stderr_end.release();
        return {};
    }
    io::Pty pty;
    if (Status taken = spares_.take(pty); !taken.ok()) return taken;
    if (Status sized = io::set_window_size(pty.controller.get(), request.rows, request.columns);
        !sized.ok())
        return sized;
    table_.terminal[slot] = pty.terminal.release();
    ends.terminal = table_.terminal[slot];
    table_.streams[2 * slot].fd = pty.controller.release();
    table_.input[slot].fd = table_.streams[2 * slot].fd;
    return {};
}

void Sessions::refuse_start(std::uint32_t id, const SpawnFailure& failure) {
    std::string_view reason = failure.detail;
    if (reason.empty() && failure.system_errno == ENOENT &&
        failure.stage == name(SpawnStage::exec)) {
        reason = "no such file on the search path, or its interpreter is missing";
    }
    if (reason.empty()) reason = strerror(failure.system_errno);
    Line message;
    message << failure.stage << " \"" << spawner_.command().substr(0, 200) << "\": " << reason;
    with_.outbox->send_failure(wire::Message::exec_failed, id,
                               {failure.kind, failure.system_errno,
                                errno_name(failure.system_errno), message.text(), failure.stage});
}

void Sessions::report_error(std::uint32_t id, wire::ErrorKind kind, std::string_view message) {
    with_.outbox->send(wire::Message::error, id, wire::CoreError{name(kind), message, {}});
}

void Sessions::resize(std::uint32_t id, const wire::ExecResize& size) {
    const std::uint32_t slot = table_.by_id.find(id);
    if (slot == slot_none)
        return report_error(id, wire::ErrorKind::invalid_session, "resize: no such session");
    const std::int32_t fd = table_.streams[2 * slot].fd;
    if (table_.tty[slot] && fd >= 0) (void)io::set_window_size(fd, size.rows, size.columns);
}

void Sessions::signal(std::uint32_t id, std::int32_t number) {
    const std::uint32_t slot = table_.by_id.find(id);
    if (slot == slot_none)
        return report_error(id, wire::ErrorKind::invalid_session, "signal: no such session");
    if (number < 1 || number > 64)
        return report_error(id, wire::ErrorKind::invalid_payload, "signal: not 1 to 64");
    signal_slot(slot, number);
}

void Sessions::client_gone(const wire::ClientDisconnected& range) {
    for (std::uint32_t slot = 0; slot < SessionTable::capacity; ++slot) {
        const bool theirs = table_.phase[slot] != Phase::free &&
                            table_.id[slot] >= range.id_start &&
                            table_.id[slot] < range.id_end_exclusive;
        if (!theirs) continue;
        signal_slot(slot, 9);
        close_stream(2 * slot);
        close_stream(2 * slot + 1);
        finish_if_done(slot);
    }
    with_.windows->client_gone(range.id_start);
    unpark_due_ = true;
}

void Sessions::credited(const wire::Credit& credit) {
    with_.windows->credited(credit.id, credit.bytes);
    unpark_due_ = true;
}

void Sessions::signal_all(std::int32_t number) {
    for (std::uint32_t slot = 0; slot < SessionTable::capacity; ++slot) {
        if (table_.phase[slot] != Phase::free) signal_slot(slot, number);
    }
}

void Sessions::abandon_all() {
    client_gone({0, 0xffff'ffff});
    for (std::uint32_t slot = 0; slot < SessionTable::capacity; ++slot) {
        if (table_.phase[slot] != Phase::free) table_.abandon(slot);
    }
}

void Sessions::pump(Nanoseconds now_ns) {
    if (draining_count_ > 0) expire_grace(now_ns);
    if (unpark_due_) unpark();
    if (!credit_due_) return;
    credit_due_ = false;
    for (std::uint32_t slot = 0; slot < SessionTable::capacity; ++slot) {
        if (table_.phase[slot] != Phase::free) give_credit(slot);
    }
}

bool Sessions::do_chore() {
    if (!oom_kills_known_) {
        // What happened before the first session is not its fault. Not at start: it would delay
        // ready.
        oom_kills_known_ = true;
        (void)oom_kill_happened();
        return true;
    }
    return closing_.close_one() || spares_.refill();
}

bool Sessions::worth_trimming() const {
    return (with_.arena->all_free() && with_.arena->worth_trimming()) ||
           (pool_.used_count() == 0 && pool_.worth_trimming());
}

void Sessions::trim() {
    if (with_.arena->all_free()) with_.arena->trim();
    if (pool_.used_count() == 0) pool_.trim();
}

}  // namespace pronto::agent
