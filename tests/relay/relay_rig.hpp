// SPDX-License-Identifier: Apache-2.0
// A relay, its guest and its clients on one thread: the test is the guest and the clients, and
// turns the relay itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/wire/control.hpp"
#include "core/wire/exec.hpp"
#include "core/wire/message.hpp"
#include "io/owned_fd.hpp"
#include "relay/relay.hpp"

namespace pronto::test {

using Buffer = std::vector<std::uint8_t>;
using wire::Message;

struct TestFrame {
    std::uint32_t id = 0;
    std::uint8_t flags = 0;
    std::string type;
    Buffer payload;
    Buffer wire;
};

/// A frame as every released encoder writes it.
Buffer make_frame(std::uint32_t id, Message message, const Buffer& payload = {0xa0});
/// The same with another flags byte, type name or body.
Buffer make_raw_frame(std::uint32_t id, std::uint8_t flags, const Buffer& body);
Buffer make_body(std::string_view type, const Buffer& payload, std::uint8_t version = 6);
/// `{"data": bytes}` of so many bytes, each `fill`.
Buffer data_payload(std::size_t byte_count, std::uint8_t fill = 'x');
Buffer exec_payload();
Buffer text_of(std::string_view text);

template <typename Payload>
Buffer encoded(const Payload& payload) {
    Buffer out(64 * KiB);
    cbor::Writer writer(out);
    encode(writer, payload);
    out.resize(writer.written());
    return out;
}

/// One end of a stream, non-blocking.
class Peer {
  public:
    Peer() = default;
    explicit Peer(int fd) : fd_(fd) {}

    int fd() const { return fd_.get(); }
    /// What the socket does not take now is sent by `pump`.
    void send(const Buffer& bytes);
    void pump();
    bool unsent() const { return !out_.empty(); }
    void close() { fd_.reset(); }
    void half_close();

    bool reads = true;  ///< false: a peer that does not read
    std::size_t read_bytes_max = 1 * MiB;
    bool ended = false;
    Buffer received;  ///< not yet taken as frames

    std::optional<TestFrame> next_frame();
    Buffer take(std::size_t byte_count);

  private:
    io::OwnedFd fd_;
    Buffer out_;
    std::size_t out_begin_ = 0;
};

struct ReadyOptions {
    std::uint8_t generation = 6;
    bool ours = false;
    bool credit = false;
    std::uint32_t stdin_window_bytes = 0;
};
Buffer make_ready(const ReadyOptions& options);

class RelayRig {
  public:
    struct Client {
        Peer peer;
        std::uint32_t start = 0;
        std::uint32_t end = 0;
    };

    explicit RelayRig(relay::Options options = {});
    ~RelayRig();

    relay::Relay& relay() { return *relay_; }
    Peer& guest() { return guest_; }

    void attach_guest();
    void boot(const ReadyOptions& options = {});
    /// Connects, without waiting for the greeting.
    Client& connect();
    /// Connects and takes the greeting.
    Client& open_client();

    /// One turn, at most a millisecond long, and everybody's input and output.
    void step();
    /// Steps until `done`; false after `timeout_ms`.
    bool until(const std::function<bool()>& done, int timeout_ms = 5000);
    void run_for(int milliseconds);

    std::optional<TestFrame> from(Peer& peer, int timeout_ms = 5000);
    /// The next frame of that type; others are dropped.
    std::optional<TestFrame> from(Peer& peer, Message message, int timeout_ms = 5000);
    /// Sends a ping for the client and takes the pong, the rig being the guest.
    bool echo(Client& client, int timeout_ms = 5000);

    bool saw(relay::EventKind kind) const;
    std::uint64_t count(relay::Counter counter) const { return relay_->counters().get(counter); }

    std::vector<relay::Event> events;
    bool guest_answers_pings = true;
    std::vector<TestFrame> guest_frames;  ///< what the guest got, pings it answered excepted

  private:
    void serve_guest();

    std::string directory_;
    std::string socket_path_;
    Bytes memory_;
    relay::Relay* relay_ = nullptr;
    Peer guest_;
    std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace pronto::test
