// SPDX-License-Identifier: Apache-2.0
#include "tests/relay/relay_rig.hpp"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <stdexcept>

#include "core/wire/envelope.hpp"
#include "io/clock.hpp"
#include "io/memory.hpp"
#include "io/unix_socket.hpp"

namespace pronto::test {

Buffer make_frame(std::uint32_t id, Message message, const Buffer& payload) {
    Buffer buffer(wire::headroom_bytes + payload.size());
    std::copy(payload.begin(), payload.end(), buffer.begin() + wire::headroom_bytes);
    const Bytes frame = wire::seal(buffer, wire::headroom_bytes, payload.size(), {6, id, message});
    return {frame.begin(), frame.end()};
}

Buffer make_raw_frame(std::uint32_t id, std::uint8_t flags, const Buffer& body) {
    Buffer frame(wire::header_bytes);
    store_be(frame.data(), static_cast<std::uint32_t>(body.size() + 5));
    store_be(frame.data() + 4, id);
    frame[8] = flags;
    frame.insert(frame.end(), body.begin(), body.end());
    return frame;
}

Buffer make_body(std::string_view type, const Buffer& payload, std::uint8_t version) {
    Buffer out(payload.size() + type.size() + 64);
    cbor::Writer writer(out);
    writer.map(3);
    writer.text("v");
    writer.unsigned_integer(version);
    writer.text("t");
    writer.text(type);
    writer.text("p");
    writer.bytes(payload);
    out.resize(writer.written());
    return out;
}

Buffer data_payload(std::size_t byte_count, std::uint8_t fill) {
    Buffer out(byte_count + 16);
    cbor::Writer writer(out);
    writer.map(1);
    writer.text("data");
    writer.bytes(Buffer(byte_count, fill));
    out.resize(writer.written());
    return out;
}

Buffer exec_payload() { return encoded(wire::ExecCommand{.command = "/bin/true"}); }

Buffer text_of(std::string_view text) { return {text.begin(), text.end()}; }

void Peer::send(const Buffer& bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    pump();
}

void Peer::pump() {
    while (fd_.valid() && out_begin_ < out_.size()) {
        const ssize_t sent =
            ::send(fd(), &out_[out_begin_], out_.size() - out_begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0) break;
        out_begin_ += static_cast<std::size_t>(sent);
    }
    if (out_begin_ == out_.size()) {
        out_.clear();
        out_begin_ = 0;
    }
    if (!fd_.valid() || !reads || ended) return;
    static Buffer chunk(1 * MiB);
    const ssize_t got =
        ::recv(fd(), chunk.data(), std::min(chunk.size(), read_bytes_max), MSG_DONTWAIT);
    if (got > 0) received.insert(received.end(), chunk.begin(), chunk.begin() + got);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) ended = true;
}

void Peer::half_close() { ::shutdown(fd(), SHUT_WR); }

Buffer Peer::take(std::size_t byte_count) {
    Buffer out(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(byte_count));
    received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(byte_count));
    return out;
}

std::optional<TestFrame> Peer::next_frame() {
    const wire::Scanned scanned = wire::scan_frame(received);
    if (scanned.outcome == wire::Scan::bad)
        throw std::runtime_error("a frame of impossible length");
    if (scanned.outcome != wire::Scan::frame) return std::nullopt;
    TestFrame frame;
    frame.id = scanned.frame.id;
    frame.flags = scanned.frame.flags;
    frame.wire = take(scanned.wire_bytes);
    Buffer copy = frame.wire;
    wire::Envelope envelope;
    if (wire::decode_envelope(Bytes(copy).subspan(wire::header_bytes), envelope).ok()) {
        frame.type = std::string(envelope.type_name);
        frame.payload.assign(envelope.payload.begin(), envelope.payload.end());
    }
    return frame;
}

Buffer make_ready(const ReadyOptions& options) {
    wire::Ready ready;
    ready.boot_time_ns = 1;
    ready.ready_time_ns = 2;
    ready.has_pronto = options.ours || options.credit;
    ready.pronto_version = ready.has_pronto ? "0.1.0" : "";
    ready.features = options.credit ? wire::feature_credit : 0;
    ready.stdin_window_bytes = options.stdin_window_bytes;
    return make_raw_frame(0, 0, make_body("core.ready", encoded(ready), options.generation));
}

RelayRig::RelayRig(relay::Options options) {
    char pattern[] = "/tmp/pronto-relay-XXXXXX";
    if (mkdtemp(pattern) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
    socket_path_ = directory_ + "/agent.sock";
    memory_ = io::reserve(sizeof(relay::Relay));
    relay_ = new (memory_.data()) relay::Relay;
    options.user = geteuid();
    options.context = this;
    options.on_event = [](void* context, const relay::Event& event) {
        static_cast<RelayRig*>(context)->events.push_back(event);
    };
    if (!relay_->open(options).ok()) throw std::runtime_error("the relay does not open");
    io::OwnedFd listener;
    if (!io::listen_unix(socket_path_, listener).ok()) throw std::runtime_error("cannot listen");
    relay_->listen(std::move(listener));
}

RelayRig::~RelayRig() {
    relay_->~Relay();
    munmap(memory_.data(), memory_.size());
    unlink(socket_path_.c_str());
    rmdir(directory_.c_str());
}

void RelayRig::attach_guest() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        throw std::runtime_error("socketpair");
    guest_ = Peer(pair[0]);
    relay_->attach_guest(io::OwnedFd(pair[1]));
}

void RelayRig::boot(const ReadyOptions& options) {
    attach_guest();
    guest_.send(make_ready(options));
    if (!until([this] { return relay_->ready(); })) throw std::runtime_error("not ready");
}

RelayRig::Client& RelayRig::connect() {
    io::OwnedFd fd;
    if (!io::connect_unix(socket_path_, fd).ok()) throw std::runtime_error("cannot connect");
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->peer = Peer(fd.release());
    return *clients_.back();
}

RelayRig::Client& RelayRig::open_client() {
    Client& client = connect();
    if (!until([&] { return client.peer.received.size() >= 8; }))
        throw std::runtime_error("no greeting");
    const Buffer words = client.peer.take(8);
    client.start = load_be<std::uint32_t>(words.data());
    client.end = load_be<std::uint32_t>(words.data() + 4);
    if (!from(client.peer, Message::ready)) throw std::runtime_error("no ready frame");
    return client;
}

void RelayRig::step() {
    relay_->turn(io::monotonic_ns() + ns_per_ms);
    if (guest_.fd() >= 0) {
        guest_.pump();
        serve_guest();
    }
    for (auto& client : clients_)
        client->peer.pump();
}

void RelayRig::serve_guest() {
    while (auto frame = guest_.next_frame()) {
        if (guest_answers_pings && frame->type == "core.ping") {
            guest_.send(make_frame(frame->id, Message::pong));
        } else {
            guest_frames.push_back(std::move(*frame));
        }
    }
}

bool RelayRig::until(const std::function<bool()>& done, int timeout_ms) {
    const Nanoseconds deadline =
        io::monotonic_ns() + static_cast<Nanoseconds>(timeout_ms) * ns_per_ms;
    while (!done()) {
        if (io::monotonic_ns() >= deadline) return false;
        step();
    }
    return true;
}

void RelayRig::run_for(int milliseconds) {
    (void)until([] { return false; }, milliseconds);
}

std::optional<TestFrame> RelayRig::from(Peer& peer, int timeout_ms) {
    std::optional<TestFrame> frame;
    (void)until([&] { return (frame = peer.next_frame()).has_value(); }, timeout_ms);
    return frame;
}

std::optional<TestFrame> RelayRig::from(Peer& peer, Message message, int timeout_ms) {
    for (;;) {
        std::optional<TestFrame> frame = from(peer, timeout_ms);
        if (!frame || frame->type == wire::row(message).name) return frame;
    }
}

bool RelayRig::echo(Client& client, int timeout_ms) {
    client.peer.send(make_frame(client.start, Message::ping));
    return from(client.peer, Message::pong, timeout_ms).has_value();
}

bool RelayRig::saw(relay::EventKind kind) const {
    for (const relay::Event& event : events) {
        if (event.kind == kind) return true;
    }
    return false;
}

}  // namespace pronto::test
