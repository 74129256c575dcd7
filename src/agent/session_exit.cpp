// SPDX-License-Identifier: Apache-2.0
// The end of programs: one place waits for children, so that no status is lost; output that is
// there is sent before the verdict; descendants that keep it open hold nothing up for longer than a
// grace period.
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "agent/line_reader.hpp"
#include "agent/sessions.hpp"
#include "io/clock.hpp"

namespace pronto::agent {

namespace {

Nanoseconds to_ns(const timeval& time) {
    return static_cast<Nanoseconds>(time.tv_sec) * ns_per_s +
           static_cast<Nanoseconds>(time.tv_usec) * ns_per_us;
}

int bytes_waiting(int fd) {
    int count = 0;
    return fd >= 0 && ioctl(fd, FIONREAD, &count) == 0 ? count : 0;
}

wire::ExecExited make_verdict(const Record& record) {
    wire::ExecExited verdict;
    const bool by_signal = WIFSIGNALED(record.wait_status);
    verdict.code = by_signal ? -1 : WEXITSTATUS(record.wait_status);
    verdict.has_verdict = true;
    verdict.signal = static_cast<std::uint8_t>(by_signal ? WTERMSIG(record.wait_status) : 0);
    verdict.core_dumped = by_signal && WCOREDUMP(record.wait_status);
    verdict.oom_killed = record.oom_killed;
    verdict.output_open = record.output_open;
    verdict.user_ns = record.user_ns;
    verdict.system_ns = record.system_ns;
    verdict.max_rss_bytes = record.rss_bytes_max;
    verdict.stdout_bytes = record.output_bytes[0];
    verdict.stderr_bytes = record.output_bytes[1];
    verdict.received_ns = record.received_ns;
    verdict.spawned_ns = record.spawned_ns;
    verdict.first_byte_ns = record.first_byte_ns;
    verdict.exited_ns = record.ended_ns;
    return verdict;
}

}  // namespace

bool Sessions::reap() {
    for (std::uint32_t count = 0; count < limits::reaps_per_turn_max; ++count) {
        std::int32_t wait_status = 0;
        rusage usage{};
        const pid_t pid = wait4(-1, &wait_status, WNOHANG, &usage);
        if (pid <= 0) return false;
        const std::uint32_t slot = table_.by_pid.find(static_cast<std::uint32_t>(pid));
        if (slot == slot_none) {
            ++orphans_count_;
        } else {
            leader_ended(slot, wait_status, usage);
        }
    }
    return true;
}

void Sessions::leader_ended(std::uint32_t slot, std::int32_t wait_status, const rusage& usage) {
    PRONTO_ASSERT(table_.phase[slot] == Phase::running);
    const bool known = table_.by_pid.erase(static_cast<std::uint32_t>(table_.pid[slot]));
    PRONTO_ASSERT(known);
    table_.phase[slot] = Phase::ended;
    Record& record = table_.record[slot];
    record.ended_ns = io::boottime_ns();
    record.wait_status = wait_status;
    record.user_ns = to_ns(usage.ru_utime);
    record.system_ns = to_ns(usage.ru_stime);
    record.rss_bytes_max = static_cast<std::uint64_t>(usage.ru_maxrss) * KiB;
    const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
    record.oom_killed = killed && !record.killed_by_us && oom_kill_happened();
    close_terminal(slot);
    table_.drain_deadline_ns[slot] = io::monotonic_ns() + limits::drain_grace_ns;
    ++draining_count_;
    finish_if_done(slot);
}

void Sessions::finish_if_done(std::uint32_t slot) {
    if (table_.phase[slot] != Phase::ended) return;
    if (table_.streams[2 * slot].fd >= 0 || table_.streams[2 * slot + 1].fd >= 0) return;
    stop_draining(slot);
    close_input(slot);
    // Behind its own output, but not behind anybody else's.
    const Lane lane = table_.frames_queued[slot] > 0 ? Lane::bulk : Lane::control;
    if (!table_.abandoned[slot])
        with_.outbox->send(wire::Message::exec_exited, table_.id[slot],
                           make_verdict(table_.record[slot]), lane);
    table_.remove(slot);
}

void Sessions::stop_draining(std::uint32_t slot) {
    if (table_.drain_deadline_ns[slot] == 0) return;
    table_.drain_deadline_ns[slot] = 0;
    --draining_count_;
}

void Sessions::expire_grace(Nanoseconds now_ns) {
    for (std::uint32_t slot = 0; slot < SessionTable::capacity; ++slot) {
        if (table_.drain_deadline_ns[slot] == 0 || table_.drain_deadline_ns[slot] > now_ns)
            continue;
        // What the program itself wrote is in the pipe by now; that much is still sent.
        const std::array<int, 2> waiting{bytes_waiting(table_.streams[2 * slot].fd),
                                         bytes_waiting(table_.streams[2 * slot + 1].fd)};
        // Or it was read, and the completion not looked at yet: then it would be missed.
        if (with_.uring->has_completions()) return;
        stop_draining(slot);
        table_.record[slot].output_open = true;
        for (const std::uint32_t which : {0U, 1U}) {
            Stream& state = table_.streams[2 * slot + which];
            if (state.fd < 0) continue;
            state.drain_bytes = waiting[which];
            if (waiting[which] == 0) close_stream(2 * slot + which);
        }
        finish_if_done(slot);
    }
}

Nanoseconds Sessions::next_deadline() const {
    if (draining_count_ == 0) return 0;
    Nanoseconds nearest = 0;
    for (const Nanoseconds deadline : table_.drain_deadline_ns) {
        if (deadline != 0 && (nearest == 0 || deadline < nearest)) nearest = deadline;
    }
    return nearest;
}

/// To the leader's group, and on a terminal also to the group in its foreground: a shell's job is
/// not in the shell's. The leader's number stays taken until we wait for it; past that, a session
/// that got it again is looked for.
void Sessions::signal_slot(std::uint32_t slot, std::int32_t number) {
    const pid_t leader = table_.pid[slot];
    if (leader <= 0) return;
    const bool reused = table_.phase[slot] == Phase::ended &&
                        table_.by_pid.find(static_cast<std::uint32_t>(leader)) != slot_none;
    if (reused) return;
    if (number == SIGKILL) table_.record[slot].killed_by_us = true;
    pid_t foreground = 0;
    const std::int32_t fd = table_.streams[2 * slot].fd;
    if (table_.tty[slot] && fd >= 0 && ioctl(fd, TIOCGPGRP, &foreground) != 0) foreground = 0;
    (void)kill(-leader, number);
    if (foreground > 1 && foreground != leader) (void)kill(-foreground, number);
}

/// Whether the kernel's count of OOM kills rose since the last look.
bool Sessions::oom_kill_happened() {
    LineReader lines;
    if (!lines.open("/proc/vmstat").ok()) return false;
    for (std::string_view line; lines.next(line);) {
        if (take_field(line, ' ') != "oom_kill") continue;
        std::uint32_t kills = 0;
        if (!parse_number(line, kills)) return false;
        const bool rose = kills > oom_kills_seen_;
        oom_kills_seen_ = kills;
        return rose;
    }
    return false;
}

}  // namespace pronto::agent
