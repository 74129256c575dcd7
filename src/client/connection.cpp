// SPDX-License-Identifier: Apache-2.0
#include "client/connection.hpp"

#include <algorithm>

#include "core/wire/exec.hpp"
#include "io/clock.hpp"
#include "io/unix_socket.hpp"

namespace pronto::client {

namespace {

// The range a relay gives its first client; on a bare port there is only one.
constexpr std::uint32_t port_id_begin = 1;
constexpr std::uint32_t port_id_end = 0x01ff'ffff;
constexpr std::uint32_t legacy_ids = 0x0fff'ffff;

struct Nothing {};
void encode(cbor::Writer& writer, const Nothing&) { wire::encode_empty(writer); }

// The old form has one word in front of the ready frame, whose length is then what the second word
// is.
bool is_legacy(std::uint32_t first, std::uint32_t second) {
    const bool may_be_length = second >= wire::frame_length_min && second <= wire::frame_length_max;
    return may_be_length && (first == 0 || first >= second);
}

Nanoseconds deadline_after(Nanoseconds timeout_ns) {
    return timeout_ns == forever ? forever : io::monotonic_ns() + timeout_ns;
}

}  // namespace

Status Connection::connect(std::string_view path, Nanoseconds timeout_ns) {
    const Nanoseconds deadline_ns = deadline_after(timeout_ns);
    io::OwnedFd socket;
    if (Status connected = io::connect_unix(path, socket); !connected.ok()) return connected;
    stream_.emplace(std::move(socket));
    if (Status range = read_range(deadline_ns); !range.ok()) return range;
    return read_ready(deadline_ns);
}

Status Connection::attach_port(io::OwnedFd port, Nanoseconds timeout_ns) {
    stream_.emplace(std::move(port));
    is_port_ = true;
    id_begin_ = id_next_ = port_id_begin;
    id_end_ = port_id_end;
    return read_ready(deadline_after(timeout_ns));
}

Status Connection::read_range(Nanoseconds deadline_ns) {
    std::array<std::uint8_t, 8> words;
    if (Status read = stream_->read_exactly(words, deadline_ns); !read.ok()) return read;
    const auto first = load_be<std::uint32_t>(words.data());
    const auto second = load_be<std::uint32_t>(words.data() + 4);
    if (is_legacy(first, second)) {
        stream_->unread(ByteView(words).subspan(4));
        id_begin_ = first + 1;
        id_end_ = first + legacy_ids;
        version_sent_ = 1;
    } else {
        if (first >= second) return {Code::protocol};
        id_begin_ = std::max<std::uint32_t>(first, 1);
        id_end_ = second;
    }
    id_next_ = id_begin_;
    return id_begin_ < id_end_ ? Status{} : Status{Code::protocol};
}

Status Connection::read_handshake_frame(Nanoseconds deadline_ns, wire::Envelope& out) {
    for (;;) {
        const wire::Scanned scanned = stream_->next();
        if (scanned.outcome == wire::Scan::bad) return scanned.error;
        if (scanned.outcome == wire::Scan::frame)
            return wire::decode_envelope(scanned.frame.body, out);
        Read outcome;
        if (Status read = stream_->read_until(deadline_ns, outcome); !read.ok()) return read;
        if (outcome == Read::closed) return {Code::closed};
        if (outcome == Read::would_block) return {Code::timed_out};
    }
}

Status Connection::read_ready(Nanoseconds deadline_ns) {
    for (;;) {
        wire::Envelope envelope;
        if (Status read = read_handshake_frame(deadline_ns, envelope); !read.ok()) return read;
        if (envelope.message == wire::Message::ready) return take_ready(envelope);
        // Only the host of a port hears this; a relay answers it itself.
        if (envelope.message != wire::Message::init_resolved) return {Code::protocol};
        generation_ = envelope.version;
        if (Status sent = send(wire::Message::init_ack, 0, wire::InitAck{}); !sent.ok())
            return sent;
    }
}

Status Connection::take_ready(const wire::Envelope& envelope) {
    wire::Ready ready;
    if (Status decoded = wire::decode(envelope.payload, ready); !decoded.ok()) return decoded;
    guest_ = {.generation = envelope.version,
              .boot_time_ns = ready.boot_time_ns,
              .init_time_ns = ready.init_time_ns,
              .ready_time_ns = ready.ready_time_ns,
              .agent_version = std::string(ready.agent_version),
              .pronto_version = std::string(ready.pronto_version),
              .features = ready.features,
              .stdin_window_bytes = ready.stdin_window_bytes,
              .stages_ns = ready.stages_ns};
    generation_ = version_sent_ == 1 ? std::uint8_t{1} : std::min(generation_own, envelope.version);
    return {};
}

Result<std::uint32_t> Connection::open_id() {
    for (std::size_t tried = 0; tried <= live_.size(); ++tried) {
        const std::uint32_t id = id_next_;
        id_next_ = id + 1 < id_end_ ? id + 1 : id_begin_;
        if (is_live(id)) continue;
        live_.push_back(id);
        return id;
    }
    return Error{Code::limit};
}

bool Connection::close_id(std::uint32_t id) {
    const auto found = std::find(live_.begin(), live_.end(), id);
    if (found == live_.end()) return false;
    *found = live_.back();
    live_.pop_back();
    return true;
}

Status Connection::transmit(const wire::Address& address, Bytes buffer, std::size_t payload_bytes) {
    if (wire::row(address.message).generation > generation_) return {Code::unsupported};
    return stream_->send(wire::seal(buffer, wire::headroom_bytes, payload_bytes, address));
}

Status Connection::send_empty(wire::Message message, std::uint32_t id) {
    return send(message, id, Nothing{});
}

std::vector<std::uint8_t>& Connection::data_buffer() {
    if (data_.empty()) data_.resize(data_offset + data_bytes_max);
    return data_;
}

Status Connection::send_data(const Data& data, std::size_t& wire_bytes) {
    PRONTO_ASSERT(data.byte_count <= data_bytes_max);
    const Bytes buffer(data_buffer());
    wire::write_data_prefix(buffer.data() + data_offset, data.byte_count);
    const std::size_t prefix_bytes = wire::data_prefix_bytes(data.byte_count);
    const wire::Address address{version_sent_, data.id, data.message};
    const Bytes frame =
        wire::seal(buffer, data_offset - prefix_bytes, prefix_bytes + data.byte_count, address);
    wire_bytes = frame.size();
    return stream_->send(frame);
}

bool Connection::is_live(std::uint32_t id) const {
    return std::find(live_.begin(), live_.end(), id) != live_.end();
}

// What newer guests say, and what comes late for ids that are done, is not for us.
bool Connection::take_frame(const wire::Frame& frame, const wire::Envelope& envelope,
                            Incoming& out) {
    if (!envelope.message.has_value()) return false;
    out = {frame.id, *envelope.message, (frame.flags & wire::flag_terminal) != 0, envelope.payload};
    if (*envelope.message == wire::Message::pronto_credit) {
        wire::Credit credit;
        if (!wire::decode(envelope.payload, credit).ok()) return false;
        out.id = credit.id;
    }
    if (!is_live(out.id)) return false;
    if (out.terminal) close_id(out.id);
    return true;
}

Status Connection::next(Incoming& out, bool& found) {
    found = false;
    while (!found) {
        const wire::Scanned scanned = stream_->next();
        if (scanned.outcome == wire::Scan::bad) return scanned.error;
        if (scanned.outcome == wire::Scan::incomplete) return {};
        wire::Envelope envelope;
        if (Status decoded = wire::decode_envelope(scanned.frame.body, envelope); !decoded.ok())
            return decoded;
        found = take_frame(scanned.frame, envelope, out);
    }
    return {};
}

Status Connection::read_now(bool& closed) {
    Read outcome;
    const Status read = stream_->read_now(outcome);
    closed = outcome == Read::closed;
    return read;
}

Status Connection::receive(Incoming& out, Nanoseconds deadline_ns) {
    for (;;) {
        bool found = false;
        if (Status status = next(out, found); !status.ok() || found) return status;
        Read outcome;
        if (Status read = stream_->read_until(deadline_ns, outcome); !read.ok()) return read;
        if (outcome == Read::closed) return {Code::closed};
        if (outcome == Read::would_block) return {Code::timed_out};
    }
}

}  // namespace pronto::client
