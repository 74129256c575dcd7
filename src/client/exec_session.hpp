// SPDX-License-Identifier: Apache-2.0
// One command in the guest, as its client sees it: what is sent to it, and the events of its life.
// One thread. It counts what arrives and compares it with the guest's totals: output that got lost
// is found, not suspected.
#pragma once

#include "client/connection.hpp"
#include "core/wire/exec.hpp"

namespace pronto::client {

enum class ExecEventKind : std::uint8_t {
    started,      ///< `pid`
    output,       ///< `data` of its standard output; of both streams with a terminal
    errors,       ///< `data` of its standard error
    stdin_error,  ///< `failure`: what was sent to its standard input is lost; the session goes on
    exited,       ///< `exited`; the last event
    failed,       ///< `failure`: it was never started; the last event
    refused,      ///< `refusal`: the guest did not accept a message of ours; the last event
    other,        ///< nothing of interest
};

/// Views into the connection's buffer, valid until it receives again.
struct ExecEvent {
    ExecEventKind kind = ExecEventKind::other;
    std::uint32_t pid = 0;
    Bytes data;
    wire::ExecExited exited;
    wire::ExecFailure failure;
    wire::CoreError refusal;
};

class ExecSession {
  public:
    /// The connection must outlive the session.
    explicit ExecSession(Connection& connection) : connection_(&connection) {}

    Status start(const wire::ExecCommand& command);
    std::uint32_t id() const { return id_; }

    /// Bulk input goes through the connection's `data_room`. No bytes: end of input.
    Status send_stdin(std::size_t byte_count);
    Status close_stdin() { return send_stdin(0); }
    /// False: the guest has as much unread input of this command as it takes. Only the host of a
    /// bare port is asked to heed it; a relay does so for its clients.
    bool stdin_has_room() const {
        return stdin_window_bytes_ == 0 || stdin_under_way_ < stdin_window_bytes_;
    }
    Status resize(std::uint16_t rows, std::uint16_t columns);
    Status signal(int number);

    /// Precondition: the message is for this session's id.
    Status take(const Incoming& incoming, ExecEvent& event);

    std::uint64_t output_bytes() const { return output_bytes_; }
    std::uint64_t errors_bytes() const { return errors_bytes_; }
    /// False when the guest has sent more than has arrived. True where it did not say how much it
    /// sent.
    bool is_complete(const wire::ExecExited& exited) const;

  private:
    Connection* connection_;
    std::uint32_t id_ = 0;
    std::uint64_t output_bytes_ = 0;
    std::uint64_t errors_bytes_ = 0;
    std::uint64_t stdin_under_way_ = 0;
    std::uint64_t stdin_window_bytes_ = 0;
};

}  // namespace pronto::client
