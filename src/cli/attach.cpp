// SPDX-License-Identifier: Apache-2.0
#include "cli/attach.hpp"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "io/clock.hpp"

namespace pronto::cli {

namespace {

using client::ExecEvent;
using client::ExecEventKind;

constexpr Nanoseconds kill_delay_ns = 2 * ns_per_s;
constexpr std::uint8_t detach_key = 0x1d;        // Ctrl-]
constexpr std::uint8_t end_of_input_key = 0x04;  // Ctrl-D, which a terminal turns into end of input

class Attachment {
  public:
    Attachment(client::Connection& connection, const CommandLine& command, const Streams& streams)
        : connection_(connection), session_(connection), command_(command), streams_(streams) {}

    void start();
    Outcome run(const Signals& signals);

  private:
    void check(Status status);
    void turn(const Signals& signals);
    int timeout_ms() const;
    void take_messages();
    void take_event(const ExecEvent& event);
    void finish(const wire::ExecExited& exited);
    void pass_on(Output& output, Bytes data);
    void read_input();
    void take_signals(const Signals& signals);
    void pass_time();
    void leave(int exit_code, std::string problem);
    bool input_wanted() const;

    client::Connection& connection_;
    client::ExecSession session_;
    const CommandLine& command_;
    Streams streams_;
    Outcome outcome_;
    bool done_ = false;
    bool input_open_ = false;
    int interrupts_ = 0;
    // Output that the descriptor had no room for: lies in the connection's buffer, so nothing is
    // received meanwhile.
    Bytes pending_;
    Output* pending_output_ = nullptr;
    // The escalation of a time limit: TERM at its end, KILL a little later, and then no more
    // patience.
    Nanoseconds next_step_ns_ = client::forever;
    int step_ = 0;
};

void Attachment::check(Status status) {
    if (status.ok()) return;
    if (status.code == Code::closed) {
        fail("the connection to the guest ended before the command did",
             "the guest may have stopped or crashed: look at `pronto ps` and its console log");
    }
    if (status.code == Code::limit)
        fail("the command line is longer than one message to the guest can be");
    fail(fmt::format("talking to the guest failed: {}", reason(status)));
}

void Attachment::start() {
    std::vector<std::string_view> arguments(command_.words.begin() + 1, command_.words.end());
    std::vector<std::string_view> environment(command_.environment.begin(),
                                              command_.environment.end());
    const TerminalSize size = terminal_size(STDIN_FILENO);
    wire::ExecCommand request;
    request.command = command_.words.front();
    request.arguments = arguments;
    request.environment = environment;
    request.working_directory = command_.working_directory;
    request.user = command_.user;
    request.tty = command_.tty;
    request.rows = size.rows;
    request.columns = size.columns;
    connection_.hold();
    check(session_.start(request));
    // A command whose input nobody gives must see its end, or `cat` would wait for ever.
    if (!command_.interactive && !command_.tty) check(session_.close_stdin());
    check(connection_.flush());
    input_open_ = command_.interactive;
    if (command_.timeout_seconds > 0) {
        next_step_ns_ =
            io::monotonic_ns() + static_cast<Nanoseconds>(command_.timeout_seconds * 1e9);
    }
}

Outcome Attachment::run(const Signals& signals) {
    while (!done_) {
        if (pending_.empty()) take_messages();
        if (!done_) turn(signals);
    }
    return std::move(outcome_);
}

bool Attachment::input_wanted() const { return input_open_ && connection_.queued_bytes() == 0; }

int Attachment::timeout_ms() const {
    if (next_step_ns_ == client::forever) return -1;
    const Nanoseconds now = io::monotonic_ns();
    if (now >= next_step_ns_) return 0;
    return static_cast<int>(
        std::min<Nanoseconds>((next_step_ns_ - now) / ns_per_ms + 1, 1'000'000));
}

// Waits for whatever can happen next, and deals with it.
void Attachment::turn(const Signals& signals) {
    enum { guest, input, interrupt, room, count };
    std::array<pollfd, count> watched{};
    const bool receiving = pending_.empty();
    const bool sending = connection_.queued_bytes() > 0;
    watched[guest] = {receiving || sending ? connection_.fd() : -1,
                      static_cast<short>((receiving ? POLLIN : 0) | (sending ? POLLOUT : 0)), 0};
    watched[input] = {input_wanted() ? STDIN_FILENO : -1, POLLIN, 0};
    watched[interrupt] = {signals.fd(), POLLIN, 0};
    watched[room] = {receiving ? -1 : pending_output_->fd(), POLLOUT, 0};
    if (::poll(watched.data(), watched.size(), timeout_ms()) < 0 && errno != EINTR)
        fail_errno("wait");

    if (watched[interrupt].revents != 0) take_signals(signals);
    if (watched[guest].revents != 0) {
        if (sending) check(connection_.flush());
        bool closed = false;
        if (receiving) check(connection_.read_now(closed));
        if (closed) check({Code::closed});
    }
    if (watched[room].revents != 0) pass_on(*pending_output_, pending_);
    if (watched[input].revents != 0) read_input();
    pass_time();
}

void Attachment::take_messages() {
    while (!done_ && pending_.empty()) {
        client::Incoming incoming;
        bool found = false;
        check(connection_.next(incoming, found));
        if (!found) return;
        if (incoming.id != session_.id()) continue;
        ExecEvent event;
        check(session_.take(incoming, event));
        take_event(event);
    }
}

void Attachment::take_event(const ExecEvent& event) {
    switch (event.kind) {
        case ExecEventKind::started: outcome_.pid = event.pid; return;
        case ExecEventKind::output: return pass_on(*streams_.output, event.data);
        case ExecEventKind::errors: return pass_on(*streams_.errors, event.data);
        case ExecEventKind::stdin_error:
            // The command closed its input, as `head` does. That is its own affair, and so is the
            // exit code.
            input_open_ = false;
            return;
        case ExecEventKind::exited: return finish(event.exited);
        case ExecEventKind::failed:
            return leave(exit_code_of(event.failure),
                         explain(event.failure, command_.words.front()));
        case ExecEventKind::refused:
            return leave(exit_failed, fmt::format("the guest refused the request: {} ({})",
                                                  event.refusal.message, event.refusal.kind));
        case ExecEventKind::other: return;
    }
}

void Attachment::finish(const wire::ExecExited& exited) {
    outcome_.exited = exited;
    leave(exit_code_of(exited), {});
    if (outcome_.timed_out) {
        outcome_.exit_code = exit_timed_out;
        outcome_.problem =
            fmt::format("the command was ended after its {} seconds", command_.timeout_seconds);
    }
    if (!session_.is_complete(exited)) {
        outcome_.exit_code = exit_failed;
        outcome_.problem = fmt::format(
            "output was lost: the guest sent {} + {} bytes of stdout + stderr, {} + {} arrived",
            exited.stdout_bytes, exited.stderr_bytes, session_.output_bytes(),
            session_.errors_bytes());
    }
}

void Attachment::pass_on(Output& output, Bytes data) {
    pending_ = output.write(data);
    pending_output_ = &output;
    // As a command of our own would die: quietly, of the pipe. The connection's end stops the
    // remote one.
    if (output.broken()) leave(exit_signal_base + SIGPIPE, {});
}

void Attachment::read_input() {
    const Bytes room = connection_.data_room();
    const ssize_t count = ::read(STDIN_FILENO, room.data(), room.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
        input_open_ = false;
        if (command_.tty) room[0] = end_of_input_key;
        return check(session_.send_stdin(command_.tty ? 1 : 0));
    }
    const auto bytes = static_cast<std::size_t>(count);
    if (command_.tty && memchr(room.data(), detach_key, bytes) != nullptr) {
        // What comes next is ours and begins on a line of its own.
        constexpr std::string_view new_line = "\r\n";
        (void)!::write(STDERR_FILENO, new_line.data(), new_line.size());
        return leave(exit_signal_base + SIGHUP,
                     "left; the command in the guest ends with its connection");
    }
    check(session_.send_stdin(bytes));
}

void Attachment::take_signals(const Signals& signals) {
    for (int number = signals.take(); number != 0; number = signals.take()) {
        if (number == SIGWINCH) {
            const TerminalSize size = terminal_size(STDIN_FILENO);
            if (command_.tty) check(session_.resize(size.rows, size.columns));
            continue;
        }
        // With a terminal the keys reach the command as bytes; a signal to us then means that we
        // should go.
        if (command_.tty || number == SIGHUP || ++interrupts_ > 1)
            return leave(exit_signal_base + number, {});
        check(session_.signal(number));
    }
}

void Attachment::pass_time() {
    if (next_step_ns_ == client::forever || io::monotonic_ns() < next_step_ns_) return;
    outcome_.timed_out = true;
    if (step_ == 2) {
        return leave(exit_timed_out,
                     "the command did not end after its time was up and it was killed; leaving it "
                     "to the guest");
    }
    check(session_.signal(step_ == 0 ? SIGTERM : SIGKILL));
    ++step_;
    next_step_ns_ = io::monotonic_ns() + kill_delay_ns;
}

void Attachment::leave(int exit_code, std::string problem) {
    done_ = true;
    outcome_.exit_code = exit_code;
    outcome_.problem = std::move(problem);
}

}  // namespace

Outcome attach(client::Connection& connection, const CommandLine& command, const Streams& streams,
               const Signals& signals) {
    PRONTO_ASSERT(!command.words.empty());
    PRONTO_ASSERT(streams.output != nullptr && streams.errors != nullptr);
    Attachment attachment(connection, command, streams);
    attachment.start();
    std::optional<RawTerminal> raw;
    if (command.tty && command.interactive) raw.emplace(STDIN_FILENO);
    return attachment.run(signals);
}

}  // namespace pronto::cli
