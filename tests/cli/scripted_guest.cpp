// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/scripted_guest.hpp"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include <gtest/gtest.h>

#include "io/unix_socket.hpp"

namespace pronto::test {

namespace {

constexpr std::uint32_t range_begin = 33554432;
constexpr std::uint32_t range_end = 67108862;

void usual_handshake(Peer& peer, const GuestOptions& options) {
    std::array<std::uint8_t, 8> words{};
    store_be(words.data(), options.legacy ? 0U : range_begin);
    store_be(words.data() + 4, range_end);
    peer.send_bytes(ByteView(words).first(options.legacy ? 4 : 8));
    wire::Ready ready;
    ready.agent_version = "0.6.0";
    peer.send(wire::Message::ready, 0, ready, options.generation);
}

}  // namespace

TempDirectory::TempDirectory() {
    std::string name = "/tmp/pronto-test-XXXXXX";
    PRONTO_ASSERT(mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TempDirectory::~TempDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

std::optional<Received> Peer::receive() {
    for (;;) {
        const wire::Scanned scanned = stream_.next();
        wire::Envelope envelope;
        if (scanned.outcome == wire::Scan::frame) {
            EXPECT_TRUE(wire::decode_envelope(scanned.frame.body, envelope).ok());
            EXPECT_EQ(scanned.frame.flags, wire::row(*envelope.message).flags);
            return Received{scanned.frame.id,
                            *envelope.message,
                            {envelope.payload.begin(), envelope.payload.end()}};
        }
        client::Read outcome;
        if (!stream_.read_until(client::forever, outcome).ok() || outcome == client::Read::closed)
            return {};
    }
}

std::optional<Received> Peer::receive(wire::Message message) {
    for (;;) {
        std::optional<Received> received = receive();
        if (!received || received->message == message) return received;
    }
}

void Peer::send_data(wire::Message message, std::uint32_t id, std::string_view data) {
    std::vector<std::uint8_t> buffer(data.size() + 256);
    constexpr std::size_t offset = 128;
    copy_bytes(Bytes(buffer).subspan(offset), as_bytes(data));
    wire::write_data_prefix(buffer.data() + offset, data.size());
    const std::size_t prefix_bytes = wire::data_prefix_bytes(data.size());
    send_bytes(
        wire::seal(buffer, offset - prefix_bytes, prefix_bytes + data.size(), {6, id, message}));
}

void Peer::send_failed(std::uint32_t id, const wire::ExecFailure& failure) {
    std::vector<std::uint8_t> buffer(4 * KiB);
    cbor::Writer writer(Bytes(buffer).subspan(wire::headroom_bytes));
    wire::encode_failed(writer, failure);
    send_bytes(wire::seal(buffer, wire::headroom_bytes, writer.written(),
                          {6, id, wire::Message::exec_failed}));
}

ScriptedGuest::ScriptedGuest(Script script, GuestOptions options)
    : path_(directory_.path() + "/agent.sock"),
      script_(std::move(script)),
      options_(std::move(options)) {
    PRONTO_ASSERT(io::listen_unix(path_, listener_).ok());
    std::array<int, 2> fds;
    PRONTO_ASSERT(pipe(fds.data()) == 0);
    stop_reading_ = io::OwnedFd(fds[0]);
    stop_writing_ = io::OwnedFd(fds[1]);
    thread_ = std::thread([this] { serve(); });
}

ScriptedGuest::~ScriptedGuest() {
    stop_writing_.reset();
    thread_.join();
}

void ScriptedGuest::serve() {
    for (;;) {
        std::array<pollfd, 2> watched{
            {{listener_.get(), POLLIN, 0}, {stop_reading_.get(), POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;
        if (watched[1].revents != 0) return;
        io::OwnedFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client.valid()) continue;
        Peer peer(std::move(client));
        options_.handshake ? options_.handshake(peer) : usual_handshake(peer, options_);
        script_(peer);
    }
}

ScriptedGuest::Script ends_with(wire::ExecExited exited, std::string output, std::string errors) {
    return [=](Peer& peer) {
        const std::optional<Received> request = peer.receive(wire::Message::exec_request);
        if (!request) return;
        peer.send(wire::Message::exec_started, request->id, wire::ExecStarted{7});
        if (!output.empty()) peer.send_data(wire::Message::exec_stdout, request->id, output);
        if (!errors.empty()) peer.send_data(wire::Message::exec_stderr, request->id, errors);
        peer.send(wire::Message::exec_exited, request->id, exited);
        peer.receive(wire::Message::shutdown);  // until the client leaves
    };
}

}  // namespace pronto::test
