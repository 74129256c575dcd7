// SPDX-License-Identifier: Apache-2.0
// The host's side of an agent's port: handshake, requests, and a record of everything heard,
// session by session. Every frame is checked for what all frames owe: flags, generation, nothing
// behind an end. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_input.hpp"
#include "core/wire/control.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/exec.hpp"
#include "tests/agent/agent_process.hpp"

namespace pronto::test {

struct Command {
    std::vector<std::string> argv;
    std::vector<std::string> environment{};
    std::string directory{};
    std::string user{};
    std::vector<wire::ResourceLimit> limits{};
    bool tty = false;
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};
inline Command shell(const std::string& script) { return {.argv = {"/bin/sh", "-c", script}}; }
inline Command on_terminal(Command command) {
    command.tty = true;
    return command;
}

struct Failure {
    std::string kind, errno_name, message, stage;
    int number = 0;
};
struct Refusal {
    std::string kind, message, type;
};

/// What was heard of one id.
struct Session {
    std::uint32_t pid = 0;  ///< 0: not started
    std::string output, errors;
    std::uint64_t output_bytes = 0, errors_bytes = 0;
    std::optional<wire::ExecExited> exited;
    std::optional<Failure> failed;
    std::vector<Failure> input_errors;
    std::vector<Refusal> refusals;
    std::uint64_t credit = 0;  ///< wire bytes of stdin the agent has taken
    std::uint32_t starts = 0, ends = 0, pongs = 0, touches = 0;
    /// Instead of keeping standard output.
    std::function<void(ByteView)> on_output{};

    bool ended() const { return ends > 0; }
    /// An exit whose totals are what has arrived.
    bool complete() const;
};

struct HostOptions {
    std::uint32_t window_bytes = 0;  ///< of init.ack; 0: no credit
    std::uint8_t version = 6;        ///< of the frames we send
    bool greet = true;
};

class Host {
  public:
    explicit Host(io::OwnedFd port, const HostOptions& options = {});
    explicit Host(AgentProcess& agent, const HostOptions& options = {})
        : Host(agent.take_port(), options) {}

    /// Answers init.resolved and waits for ready.
    void greet();
    std::uint32_t ready_count() const { return ready_count_; }
    const wire::Ready& ready() const { return ready_; }

    /// Sends the request; the id.
    std::uint32_t start(const Command& command);
    void start_as(std::uint32_t id, const Command& command);
    /// Starts it, waits for its end. The input is ended at once.
    Session& run(const Command& command);
    /// Waits until the session has ended, and forgets nothing.
    Session& finish(std::uint32_t id);
    Session& session(std::uint32_t id) { return sessions_[id]; }

    void send_input(std::uint32_t id, std::string_view data);
    void end_input(std::uint32_t id) { send_input(id, {}); }
    void signal(std::uint32_t id, int number);
    void resize(std::uint32_t id, std::uint16_t rows, std::uint16_t columns);
    void ping(std::uint32_t id) { send_empty(wire::Message::ping, id); }
    /// Sends a ping and waits for its answer: everything before it has been taken.
    void round_trip();
    void credit(std::uint32_t bytes);

    template <typename Record>
    void send(wire::Message message, std::uint32_t id, const Record& record) {
        send_frame(message, id, [&](cbor::Writer& writer) { encode(writer, record); });
    }
    void send_empty(wire::Message message, std::uint32_t id);
    void send_bytes(std::string_view bytes);
    /// Frames as bytes, to be cut, joined and spoiled.
    std::string frame(wire::Message message, std::uint32_t id,
                      const std::function<void(cbor::Writer&)>& encode_payload) const;
    std::string request_frame(std::uint32_t id, const Command& command) const;
    std::string data_frame(std::uint32_t id, std::string_view data) const;
    std::string empty_frame(wire::Message message, std::uint32_t id) const;

    /// Moves bytes both ways until `done`; false, and a failure, when that takes too long or the
    /// agent has gone.
    bool wait_for(const std::function<bool()>& done, const char* what);
    /// Moves what moves now. `timeout_ms`: how long to wait for something to happen.
    void move(int timeout_ms);
    /// Only sends; returns when the agent takes no more for `quiet_ms`.
    void push(int quiet_ms);
    std::size_t unsent() const { return unsent_.size() - unsent_begin_; }
    bool closed() const { return closed_; }
    void close() { port_.reset(); }
    int fd() const { return port_.get(); }
    /// Frames of all kinds, and bytes, received so far.
    std::uint64_t frames() const { return frames_; }
    std::uint64_t bytes() const { return bytes_; }
    /// An id nobody has used yet.
    std::uint32_t fresh_id() { return next_id_++; }
    void acknowledge();

  private:
    void send_frame(wire::Message message, std::uint32_t id,
                    const std::function<void(cbor::Writer&)>& encode_payload);
    void take(const wire::Frame& frame);
    void take_session(Session& session, wire::Message message, Bytes payload);
    void write_some();
    void read_some();

    io::OwnedFd port_;
    HostOptions options_;
    std::vector<std::uint8_t> memory_;
    FrameInput input_;
    std::string unsent_;
    std::size_t unsent_begin_ = 0;
    std::map<std::uint32_t, Session> sessions_;
    wire::Ready ready_;
    std::uint32_t ready_count_ = 0;
    bool resolved_ = false;
    bool closed_ = false;
    std::uint32_t next_id_ = 1;
    std::uint64_t frames_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t credit_owed_ = 0;
};

}  // namespace pronto::test
