// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/host.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <gtest/gtest.h>

#include "io/clock.hpp"

namespace pronto::test {

using wire::Message;

namespace {

constexpr std::size_t read_bytes = 256 * KiB;

Failure copy_of(const wire::ExecFailure& failure) {
    return {std::string(failure.kind), std::string(failure.errno_name),
            std::string(failure.message), std::string(failure.stage), failure.system_errno};
}

template <typename Record>
Record decoded(Bytes payload) {
    Record record;
    EXPECT_TRUE(wire::decode(payload, record).ok());
    return record;
}

std::vector<std::string_view> views_of(std::span<const std::string> texts) {
    return {texts.begin(), texts.end()};
}

}  // namespace

bool Session::complete() const {
    return exited.has_value() && exited->has_verdict && exited->stdout_bytes == output_bytes &&
           exited->stderr_bytes == errors_bytes;
}

Host::Host(io::OwnedFd port, const HostOptions& options)
    : port_(std::move(port)),
      options_(options),
      memory_(wire::frame_wire_bytes_max + 2 * read_bytes),
      input_(memory_, read_bytes) {
    const int flags = fcntl(port_.get(), F_GETFL);
    fcntl(port_.get(), F_SETFL, flags | O_NONBLOCK);
    if (options_.greet) greet();
}

void Host::greet() {
    wait_for([&] { return resolved_; }, "init.resolved");
    acknowledge();
    wait_for([&] { return ready_count_ > 0; }, "ready");
}

void Host::acknowledge() { send(Message::init_ack, 0, wire::InitAck{options_.window_bytes}); }

std::uint32_t Host::start(const Command& command) {
    const std::uint32_t id = fresh_id();
    start_as(id, command);
    return id;
}

void Host::start_as(std::uint32_t id, const Command& command) {
    send_bytes(request_frame(id, command));
}

Session& Host::run(const Command& command) {
    const std::uint32_t id = start(command);
    // On a terminal that is a character, which a program that does not read leaves to the next one.
    if (!command.tty) end_input(id);
    return finish(id);
}

Session& Host::finish(std::uint32_t id) {
    wait_for([&] { return session(id).ended(); }, "the end of a session");
    return session(id);
}

void Host::send_input(std::uint32_t id, std::string_view data) { send_bytes(data_frame(id, data)); }

void Host::signal(std::uint32_t id, int number) {
    send(Message::exec_signal, id, wire::ExecSignal{number});
}

void Host::resize(std::uint32_t id, std::uint16_t rows, std::uint16_t columns) {
    send(Message::exec_resize, id, wire::ExecResize{rows, columns});
}

void Host::round_trip() {
    const std::uint32_t id = fresh_id();
    ping(id);
    wait_for([&] { return session(id).pongs == 1; }, "pong");
}

void Host::credit(std::uint32_t bytes) { send(Message::pronto_credit, 0, wire::Credit{1, bytes}); }

void Host::send_empty(Message message, std::uint32_t id) { send_bytes(empty_frame(message, id)); }

void Host::send_frame(Message message, std::uint32_t id,
                      const std::function<void(cbor::Writer&)>& encode_payload) {
    send_bytes(frame(message, id, encode_payload));
}

std::string Host::frame(Message message, std::uint32_t id,
                        const std::function<void(cbor::Writer&)>& encode_payload) const {
    std::vector<std::uint8_t> buffer(64 * KiB);
    for (;;) {
        cbor::Writer writer(Bytes(buffer).subspan(wire::headroom_bytes));
        encode_payload(writer);
        if (writer.ok()) {
            const Bytes sealed = wire::seal(buffer, wire::headroom_bytes, writer.written(),
                                            {options_.version, id, message});
            return {sealed.begin(), sealed.end()};
        }
        buffer.resize(buffer.size() * 4);
    }
}

std::string Host::request_frame(std::uint32_t id, const Command& command) const {
    const auto arguments = views_of(std::span(command.argv).subspan(1));
    const auto environment = views_of(command.environment);
    return frame(Message::exec_request, id, [&](cbor::Writer& writer) {
        wire::encode(writer, wire::ExecCommand{.command = command.argv[0],
                                               .arguments = arguments,
                                               .environment = environment,
                                               .working_directory = command.directory,
                                               .user = command.user,
                                               .limits = command.limits,
                                               .tty = command.tty,
                                               .rows = command.rows,
                                               .columns = command.columns});
    });
}

std::string Host::data_frame(std::uint32_t id, std::string_view data) const {
    std::vector<std::uint8_t> buffer(data.size() + 256);
    constexpr std::size_t offset = 128;
    copy_bytes(Bytes(buffer).subspan(offset), as_bytes(data));
    wire::write_data_prefix(buffer.data() + offset, data.size());
    const std::size_t prefix = wire::data_prefix_bytes(data.size());
    const Bytes sealed = wire::seal(buffer, offset - prefix, prefix + data.size(),
                                    {options_.version, id, Message::exec_stdin});
    return {sealed.begin(), sealed.end()};
}

std::string Host::empty_frame(Message message, std::uint32_t id) const {
    return frame(message, id, [](cbor::Writer& writer) { wire::encode_empty(writer); });
}

void Host::send_bytes(std::string_view bytes) {
    unsent_.append(bytes);
    write_some();
}

void Host::write_some() {
    while (unsent() > 0 && port_.valid()) {
        const ssize_t count = write(port_.get(), unsent_.data() + unsent_begin_, unsent());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) closed_ = true;
        if (count <= 0) return;
        unsent_begin_ += static_cast<std::size_t>(count);
    }
    unsent_.clear();
    unsent_begin_ = 0;
}

void Host::read_some() {
    const Bytes room = input_.room();
    const ssize_t count = read(port_.get(), room.data(), room.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        closed_ = true;
        return;
    }
    bytes_ += static_cast<std::uint64_t>(count);
    input_.filled(static_cast<std::size_t>(count));
    for (;;) {
        const wire::Scanned scanned = input_.next();
        ASSERT_NE(scanned.outcome, wire::Scan::bad) << "a frame of impossible length";
        if (scanned.outcome == wire::Scan::incomplete) break;
        take(scanned.frame);
    }
    // What was read is consumed; credit is given back in steps, as a relay does.
    credit_owed_ += static_cast<std::uint64_t>(count);
    if (options_.window_bytes != 0 && credit_owed_ >= options_.window_bytes / 4) {
        credit(static_cast<std::uint32_t>(credit_owed_));
        credit_owed_ = 0;
    }
}

void Host::move(int timeout_ms) {
    if (closed_ || !port_.valid()) return;
    pollfd watched{port_.get(), static_cast<short>(unsent() > 0 ? POLLIN | POLLOUT : POLLIN), 0};
    if (poll(&watched, 1, timeout_ms) <= 0) return;
    if ((watched.revents & POLLOUT) != 0) write_some();
    if ((watched.revents & (POLLIN | POLLHUP | POLLERR)) != 0) read_some();
}

void Host::push(int quiet_ms) {
    while (unsent() > 0 && !closed_) {
        pollfd watched{port_.get(), POLLOUT, 0};
        if (poll(&watched, 1, quiet_ms) <= 0) return;
        write_some();
    }
}

bool Host::wait_for(const std::function<bool()>& done, const char* what) {
    const Nanoseconds deadline_ns = io::monotonic_ns() + patience_ns;
    while (!done()) {
        if (closed_) {
            ADD_FAILURE() << "the agent has gone before " << what;
            return false;
        }
        if (io::monotonic_ns() > deadline_ns) {
            ADD_FAILURE() << "no " << what << " in time";
            return false;
        }
        move(100);
    }
    return true;
}

void Host::take(const wire::Frame& frame) {
    ++frames_;
    wire::Envelope envelope;
    ASSERT_TRUE(wire::decode_envelope(frame.body, envelope).ok());
    ASSERT_TRUE(envelope.message.has_value()) << envelope.type_name;
    EXPECT_EQ(envelope.version, 6);
    EXPECT_EQ(frame.flags, wire::row(*envelope.message).flags) << envelope.type_name;
    switch (*envelope.message) {
        case Message::init_resolved: resolved_ = true; return;
        case Message::ready:
            ready_ = decoded<wire::Ready>(envelope.payload);
            ++ready_count_;
            return;
        case Message::pronto_credit: {
            const auto given = decoded<wire::Credit>(envelope.payload);
            sessions_[given.id].credit += given.bytes;
            return;
        }
        default: break;
    }
    Session& session = sessions_[frame.id];
    const bool late = session.ended() && *envelope.message != Message::error;
    EXPECT_FALSE(late) << envelope.type_name << " behind the end of its session";
    take_session(session, *envelope.message, envelope.payload);
}

void Host::take_session(Session& session, Message message, Bytes payload) {
    switch (message) {
        case Message::exec_started:
            ++session.starts;
            session.pid = decoded<wire::ExecStarted>(payload).pid;
            return;
        case Message::exec_stdout: {
            const Bytes data = decoded<wire::ExecData>(payload).data;
            EXPECT_EQ(session.starts, 1U) << "output in front of its start";
            session.output_bytes += data.size();
            if (session.on_output) return session.on_output(data);
            session.output.append(data.begin(), data.end());
            return;
        }
        case Message::exec_stderr: {
            const Bytes data = decoded<wire::ExecData>(payload).data;
            session.errors_bytes += data.size();
            session.errors.append(data.begin(), data.end());
            return;
        }
        case Message::exec_exited:
            ++session.ends;
            session.exited = decoded<wire::ExecExited>(payload);
            return;
        case Message::exec_failed: {
            wire::ExecFailure failure;
            EXPECT_TRUE(wire::decode_failed(payload, failure).ok());
            ++session.ends;
            session.failed = copy_of(failure);
            return;
        }
        case Message::exec_stdin_error: {
            wire::ExecFailure failure;
            EXPECT_TRUE(wire::decode_stdin_error(payload, failure).ok());
            session.input_errors.push_back(copy_of(failure));
            return;
        }
        case Message::error: {
            const auto error = decoded<wire::CoreError>(payload);
            session.refusals.push_back({std::string(error.kind), std::string(error.message),
                                        std::string(error.offending_type)});
            return;
        }
        case Message::pong: ++session.pongs; return;
        case Message::touched: ++session.touches; return;
        default: ADD_FAILURE() << "unexpected " << wire::row(message).name;
    }
}

}  // namespace pronto::test
