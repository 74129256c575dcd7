// SPDX-License-Identifier: Apache-2.0
#include "client/exec_session.hpp"

#include <algorithm>

namespace pronto::client {

using wire::Message;

namespace {
constexpr std::size_t frame_bytes_max =
    data_bytes_max + wire::headroom_bytes + wire::data_prefix_bytes_max;
}

Status ExecSession::start(const wire::ExecCommand& command) {
    PRONTO_ASSERT(id_ == 0);
    const Result<std::uint32_t> id = connection_->open_id();
    if (!id.ok()) return id.error();
    id_ = id.value();
    // The window counts whole frames, and one more may be begun when it is nearly full.
    const std::uint64_t window = connection_->stdin_window_bytes();
    stdin_window_bytes_ = window > frame_bytes_max ? window - frame_bytes_max : window;
    return connection_->send(Message::exec_request, id_, command);
}

Status ExecSession::send_stdin(std::size_t byte_count) {
    std::size_t wire_bytes = 0;
    const Status sent = connection_->send_data({Message::exec_stdin, id_, byte_count}, wire_bytes);
    stdin_under_way_ += wire_bytes;
    return sent;
}

Status ExecSession::resize(std::uint16_t rows, std::uint16_t columns) {
    return connection_->send(Message::exec_resize, id_, wire::ExecResize{rows, columns});
}

Status ExecSession::signal(int number) {
    return connection_->send(Message::exec_signal, id_, wire::ExecSignal{number});
}

Status ExecSession::take(const Incoming& incoming, ExecEvent& event) {
    PRONTO_ASSERT(incoming.id == id_);
    event = {};
    wire::ExecStarted started;
    wire::ExecData data;
    wire::Credit credit;
    Status status;
    switch (incoming.message) {
        case Message::exec_started:
            event.kind = ExecEventKind::started;
            status = wire::decode(incoming.payload, started);
            event.pid = started.pid;
            break;
        case Message::exec_stdout:
        case Message::exec_stderr: {
            const bool is_output = incoming.message == Message::exec_stdout;
            event.kind = is_output ? ExecEventKind::output : ExecEventKind::errors;
            status = wire::decode(incoming.payload, data);
            event.data = data.data;
            (is_output ? output_bytes_ : errors_bytes_) += data.data.size();
            break;
        }
        case Message::exec_stdin_error:
            event.kind = ExecEventKind::stdin_error;
            status = wire::decode_stdin_error(incoming.payload, event.failure);
            break;
        case Message::exec_exited:
            event.kind = ExecEventKind::exited;
            status = wire::decode(incoming.payload, event.exited);
            break;
        case Message::exec_failed:
            event.kind = ExecEventKind::failed;
            status = wire::decode_failed(incoming.payload, event.failure);
            break;
        case Message::error:
            event.kind = ExecEventKind::refused;
            status = wire::decode(incoming.payload, event.refusal);
            break;
        case Message::pronto_credit:
            status = wire::decode(incoming.payload, credit);
            stdin_under_way_ -= std::min<std::uint64_t>(stdin_under_way_, credit.bytes);
            break;
        default: break;
    }
    return status;
}

bool ExecSession::is_complete(const wire::ExecExited& exited) const {
    if (!exited.has_verdict) return true;
    return exited.stdout_bytes == output_bytes_ && exited.stderr_bytes == errors_bytes_;
}

}  // namespace pronto::client
