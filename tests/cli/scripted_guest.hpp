// SPDX-License-Identifier: Apache-2.0
// A guest that does what a test says, behind a socket like a relay's: handshake, then a script for
// each client.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "client/frame_stream.hpp"
#include "core/wire/control.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/exec.hpp"

namespace pronto::test {

/// A directory that goes away with the object; its path is short enough for sockets.
class TempDirectory {
  public:
    TempDirectory();
    ~TempDirectory();
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

struct Received {
    std::uint32_t id = 0;
    wire::Message message = wire::Message::error;
    std::vector<std::uint8_t> payload;
};

/// The guest's end of one client's connection.
class Peer {
  public:
    explicit Peer(io::OwnedFd socket) : stream_(std::move(socket)) {}

    /// Empty when the client has gone.
    std::optional<Received> receive();
    /// Receives until a message of this kind.
    std::optional<Received> receive(wire::Message message);
    /// That the client may have left is the test's own affair.
    void send_bytes(ByteView bytes) { static_cast<void>(stream_.send(bytes)); }

    template <typename Record>
    void send(wire::Message message, std::uint32_t id, const Record& record,
              std::uint8_t version = 6) {
        std::vector<std::uint8_t> buffer(128 * KiB);
        cbor::Writer writer(Bytes(buffer).subspan(wire::headroom_bytes));
        encode(writer, record);
        send_bytes(
            wire::seal(buffer, wire::headroom_bytes, writer.written(), {version, id, message}));
    }
    void send_data(wire::Message message, std::uint32_t id, std::string_view data);
    void send_failed(std::uint32_t id, const wire::ExecFailure& failure);

    client::FrameStream& stream() { return stream_; }

  private:
    client::FrameStream stream_;
};

struct GuestOptions {
    bool legacy = false;
    std::uint8_t generation = 6;
    std::function<void(Peer&)> handshake;  ///< instead of the usual prologue and ready
};

class ScriptedGuest {
  public:
    using Script = std::function<void(Peer&)>;
    explicit ScriptedGuest(Script script, GuestOptions options = {});
    ~ScriptedGuest();
    ScriptedGuest(const ScriptedGuest&) = delete;
    ScriptedGuest& operator=(const ScriptedGuest&) = delete;

    const std::string& socket_path() const { return path_; }

  private:
    void serve();

    TempDirectory directory_;
    std::string path_;
    Script script_;
    GuestOptions options_;
    io::OwnedFd listener_;
    io::OwnedFd stop_reading_;
    io::OwnedFd stop_writing_;
    std::thread thread_;
};

/// Answers the first exec request with output, errors and this end.
ScriptedGuest::Script ends_with(wire::ExecExited exited, std::string output = {},
                                std::string errors = {});

}  // namespace pronto::test
