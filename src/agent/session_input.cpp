// SPDX-License-Identifier: Apache-2.0
// From frames to a program's stdin. The loop never waits for a program: what it does not read is
// queued up to a limit, and refused beyond it with an error of its own.
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "agent/sessions.hpp"

namespace pronto::agent {

void Sessions::take_input(std::uint32_t id, ByteView data, std::size_t wire_bytes) {
    const std::uint32_t slot = table_.by_id.find(id);
    if (slot == slot_none) {
        // The end of input may cross the end of the program on the way: nobody is at fault.
        if (!data.empty())
            report_error(id, wire::ErrorKind::invalid_session, "stdin: no such session");
        return;
    }
    Input& input = table_.input[slot];
    if (with_.windows->limited())
        input.credit_owed += static_cast<std::uint32_t>(wire_bytes - data.size());
    if (data.empty()) return end_input(slot);

    const bool closed = input.fd < 0 || input.end_pending;
    if (!closed && !input.broken && pool_.append(input, data)) return write_input(slot);
    if (with_.windows->limited()) input.credit_owed += static_cast<std::uint32_t>(data.size());
    give_credit(slot);
    if (closed) return report_input_error(slot, EPIPE, "stdin is closed");
    if (!input.broken)
        report_input_error(
            slot, ENOBUFS,
            "the program does not read and its input queue is full; input from here on is refused");
    input.broken = true;
}

void Sessions::write_input(std::uint32_t slot) {
    Input& input = table_.input[slot];
    if (input.writing || input.head == slot_none) return;
    if (input.fd < 0) return;
    input.writing = true;
    stdin_owner_[input.head] = slot;
    with_.uring->write(input.fd, pool_.head(input),
                       make_op(OpKind::stdin_write, input.head, table_.generation[slot]));
}

void Sessions::stdin_written(const io::Completion& completion) {
    const std::uint32_t slot = stdin_owner_[completion.op.slot];
    Input& input = table_.input[slot];
    const bool stale = completion.op.generation != table_.generation[slot] || !input.writing ||
                       input.head != completion.op.slot;
    if (stale) return pool_.give_back(completion.op.slot);
    input.writing = false;
    if (completion.result > 0) {
        pool_.consume(input, static_cast<std::size_t>(completion.result));
        if (with_.windows->limited())
            input.credit_owed += static_cast<std::uint32_t>(completion.result);
        give_credit(slot);
    } else if (completion.result != -EAGAIN && completion.result != -EINTR) {
        report_input_error(slot, -completion.result, strerror(-completion.result));
        return close_input(slot);
    }
    if (input.head == slot_none) {
        if (input.end_pending) close_input(slot);
        return;
    }
    if (!input.grown && !table_.tty[slot]) {
        // A program that is slow to read: the kernel holds more before we do.
        input.grown = true;
        io::grow_pipe(input.fd, limits::stdin_pipe_bytes_max);
    }
    write_input(slot);
}

void Sessions::end_input(std::uint32_t slot) {
    Input& input = table_.input[slot];
    if (input.fd < 0 || input.end_pending) return;
    if (!table_.tty[slot]) {
        input.end_pending = true;
        if (input.head == slot_none) close_input(slot);
        return;
    }
    // A terminal has no end; its line discipline makes one out of this character.
    termios settings;
    const bool known = tcgetattr(input.fd, &settings) == 0;
    const std::uint8_t end_of_file = known ? settings.c_cc[VEOF] : 4;
    if (pool_.append(input, {&end_of_file, 1})) write_input(slot);
}

void Sessions::close_input(std::uint32_t slot) {
    Input& input = table_.input[slot];
    if (input.fd < 0) return;
    if (with_.windows->limited()) input.credit_owed += input.queued_bytes;
    const std::uint32_t being_written = pool_.drop(input);
    if (being_written != slot_none) {
        // The slot comes back with the completion, which nobody knows any more.
        with_.uring->cancel(make_op(OpKind::stdin_write, being_written, table_.generation[slot]),
                            make_op(OpKind::ignored));
        input.writing = false;
    }
    // A program that lives may be waiting for its end of input.
    const bool awaited = table_.phase[slot] == Phase::running;
    if (!table_.tty[slot] && awaited) ::close(input.fd);
    if (!table_.tty[slot] && !awaited) closing_.add(input.fd);
    input.fd = -1;
    give_credit(slot);
}

void Sessions::report_input_error(std::uint32_t slot, std::int32_t number,
                                  std::string_view message) {
    if (table_.abandoned[slot] || !has_spare_control()) return;
    with_.outbox->send_failure(wire::Message::exec_stdin_error, table_.id[slot],
                               {{}, number, errno_name(number), message, {}});
}

void Sessions::give_credit(std::uint32_t slot) {
    Input& input = table_.input[slot];
    if (table_.abandoned[slot] || input.credit_owed < stdin_window_bytes / 4) return;
    if (!has_spare_control()) {
        credit_due_ = true;
        return;
    }
    with_.outbox->send(wire::Message::pronto_credit, 0,
                       wire::Credit{table_.id[slot], input.credit_owed});
    input.credit_owed = 0;
}

}  // namespace pronto::agent
