// SPDX-License-Identifier: Apache-2.0
// Frames as a hostile or careless host sends them: each bad one costs itself and nothing else.
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

using wire::Message;

std::string bare_frame(std::uint32_t length, std::uint32_t id, std::uint8_t flags,
                       std::string_view body) {
    std::string bytes(9, '\0');
    store_be(reinterpret_cast<std::uint8_t*>(bytes.data()), length);
    store_be(reinterpret_cast<std::uint8_t*>(bytes.data()) + 4, id);
    bytes[8] = static_cast<char>(flags);
    return bytes.append(body);
}

std::string frame_around(std::uint32_t id, std::uint8_t flags, std::string_view body) {
    return bare_frame(static_cast<std::uint32_t>(5 + body.size()), id, flags, body);
}

/// An envelope with any type and any payload bytes.
std::string envelope(std::uint8_t version, std::string_view type, std::string_view payload) {
    std::string bytes{'\xa3', '\x61', 'v', static_cast<char>(version), '\x61', 't'};
    bytes += '\x78';
    bytes += static_cast<char>(type.size());
    bytes += type;
    bytes += "\x61p\x5a";
    std::string length(4, '\0');
    store_be(reinterpret_cast<std::uint8_t*>(length.data()),
             static_cast<std::uint32_t>(payload.size()));
    return bytes + length + std::string(payload);
}

void expect_refusal(Host& host, std::uint32_t id, const std::string& kind, const char* what) {
    host.round_trip();
    ASSERT_EQ(host.session(id).refusals.size(), 1U) << what;
    EXPECT_EQ(host.session(id).refusals[0].kind, kind) << what;
    EXPECT_EQ(host.run({.argv = {"/bin/echo", "alive"}}).output, "alive\n") << what;
}

TEST(AgentFrames, WithGarbageInsideAreAnsweredByKind) {
    AgentProcess agent;
    Host host(agent);
    const std::uint8_t start = wire::flag_session_start;
    struct Case {
        const char* what;
        std::string body;
        std::uint8_t flags;
        const char* kind;
    };
    const std::string nul(1, '\0');
    const Case cases[] = {
        {"no CBOR", "\xff\xff\xff", 0, "malformed_message"},
        {"no map", "\x01", 0, "malformed_message"},
        {"cut off", "\xa3\x61v", 0, "malformed_message"},
        {"empty body", "", 0, "malformed_message"},
        {"no type", "\xa1\x61v\x06", 0, "malformed_message"},
        {"a version above 255", std::string("\xa3\x61v\x19\x01\x00\x61t\x60\x61p\x40", 13), 0,
         "malformed_message"},
        {"unknown type", envelope(6, "core.no.such.thing", "\xa0"), 0, "unsupported_message_type"},
        {"a type only guests send", envelope(6, "core.exec.started", "\xa1\x63pid\x01"), 0,
         "unsupported_message_type"},
        {"a request without its fields", envelope(6, "core.exec.request", "\xa0"), start,
         "invalid_payload"},
        {"a request that is no map", envelope(6, "core.exec.request", "\x80"), start,
         "invalid_payload"},
        {"a signal of a wrong type", envelope(6, "core.exec.signal", "\xa1\x66signal\x61x"), 0,
         "invalid_payload"},
        {"wrong flags", envelope(6, "core.ping", "\xa0"), 0x01, "invalid_flags"},
        {"a request without its flag",
         envelope(6, "core.exec.request",
                  "\xa1\x63"
                  "cmd\x64true"),
         0, "invalid_flags"},
        {"unknown flag bits", envelope(6, "core.ping", "\xa0"), 0x80, "invalid_flags"},
        {"shutdown by a client", envelope(6, "core.shutdown", "\xa0"), wire::flag_shutdown,
         "invalid_session"},
        {"a clock set by a client", envelope(6, "core.clock.sync", "\xa1\x6funix_time_nanos\x01"),
         0, "invalid_session"},
        {"a disconnect by a client",
         envelope(6, "core.relay.client.disconnected",
                  "\xa2\x68id_start\x01\x70id_end_exclusive\x1a\xff\xff\xff\xff"),
         0, "invalid_session"},
    };
    for (const Case& each : cases) {
        const std::uint32_t id = host.fresh_id();
        host.send_bytes(frame_around(id, each.flags, each.body));
        expect_refusal(host, id, each.kind, each.what);
    }
}

TEST(AgentFrames, OfPeersThatKnowNoErrorsAreIgnoredSilently) {
    AgentProcess agent;
    Host host(agent);
    for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{4}}) {
        const std::uint32_t unknown = host.fresh_id();
        host.send_bytes(frame_around(unknown, 0, envelope(version, "core.no.such.thing", "\xa0")));
        const std::uint32_t bad = host.fresh_id();
        host.send_bytes(frame_around(bad, wire::flag_session_start,
                                     envelope(version, "core.exec.request", "\xa0")));
        host.send_bytes(frame_around(host.fresh_id(), 0, envelope(version, "core.ping", "\xa0")));
        host.round_trip();
        EXPECT_TRUE(host.session(unknown).refusals.empty());
        EXPECT_TRUE(host.session(bad).refusals.empty());
        EXPECT_EQ(host.session(bad).starts + host.session(bad).ends, 0U);
    }
}

TEST(AgentFrames, OfOldPeersNeedNoExactFlags) {
    AgentProcess agent;
    Host host(agent, {.version = 1});
    std::string request = host.request_frame(9, {.argv = {"/bin/echo", "old"}});
    request[8] = 0;
    host.send_bytes(request);
    EXPECT_EQ(host.finish(9).output, "old\n");
}

TEST(AgentFrames, OfTheGreatestLengthAreTakenBackToBackWithOthers) {
    AgentProcess agent;
    Host host(agent);
    // An unknown key makes any request as long as wanted.
    const auto long_ping = [&](std::uint32_t id, std::size_t length) {
        const std::size_t head = envelope(6, "core.ping", {}).size() + 5;
        std::string payload = "\xa1\x61x\x5a";
        std::string size(4, '\0');
        const std::size_t rest = length - head - payload.size() - 4;
        store_be(reinterpret_cast<std::uint8_t*>(size.data()), static_cast<std::uint32_t>(rest));
        payload += size + std::string(rest, 'x');
        return frame_around(id, 0, envelope(6, "core.ping", payload));
    };
    std::string batch;
    for (int repeat = 0; repeat < 3; ++repeat) {
        for (const std::uint32_t length :
             {4 * 1024 * 1024U, 4 * 1024 * 1024U - 1, 4194203U, 70'000U}) {
            batch += host.empty_frame(Message::ping, host.fresh_id());
            batch += long_ping(host.fresh_id(), length);
        }
    }
    const std::uint32_t last = host.fresh_id();
    host.send_bytes(batch + host.empty_frame(Message::ping, last));
    host.wait_for([&] { return host.session(last).pongs == 1; }, "the last pong");
    for (std::uint32_t id = 1; id <= last; ++id) {
        EXPECT_EQ(host.session(id).pongs, 1U) << id;
        EXPECT_TRUE(host.session(id).refusals.empty());
    }
}

TEST(AgentFrames, AboveTheGreatestLengthCostThemselvesOnly) {
    AgentProcess agent;
    Host host(agent);
    for (const std::uint32_t length : {4 * 1024 * 1024 + 1U, 9'000'000U}) {
        const std::uint32_t before = host.fresh_id();
        const std::uint32_t behind = host.fresh_id();
        const std::uint32_t id = host.fresh_id();
        host.send_bytes(host.empty_frame(Message::ping, before) +
                        bare_frame(length, id, 0, std::string(length - 5, '\x00')) +
                        host.empty_frame(Message::ping, behind));
        host.wait_for([&] { return host.session(behind).pongs == 1; }, "the frame behind");
        EXPECT_EQ(host.session(before).pongs, 1U);
    }
    EXPECT_EQ(host.run({.argv = {"/bin/true"}}).exited->code, 0);
}

TEST(AgentFrames, ShorterThanAHeaderCostThemselvesOnly) {
    AgentProcess agent;
    Host host(agent);
    for (std::uint32_t length = 0; length < 5; ++length) {
        std::string bytes(4 + length, '\x07');
        store_be(reinterpret_cast<std::uint8_t*>(bytes.data()), length);
        const std::uint32_t behind = host.fresh_id();
        host.send_bytes(bytes + host.empty_frame(Message::ping, behind));
        host.wait_for([&] { return host.session(behind).pongs == 1; }, "the frame behind");
    }
}

TEST(AgentFrames, CutAnywhereAreTheSame) {
    AgentProcess agent;
    Host host(agent);
    const auto sequence = [&](std::uint32_t id) {
        return host.empty_frame(Message::ping, id + 1) +
               host.request_frame(id, {.argv = {"/bin/cat"}}) + host.data_frame(id, "abc") +
               host.data_frame(id, {});
    };
    const std::size_t bytes = sequence(1000).size();
    std::uint32_t id = 1000;
    for (std::size_t cut = 1; cut < bytes; ++cut, id += 2) {
        const std::string whole = sequence(id);
        host.send_bytes(whole.substr(0, cut));
        host.send_bytes(whole.substr(cut));
        ASSERT_EQ(host.finish(id).output, "abc") << cut;
        ASSERT_EQ(host.session(id + 1).pongs, 1U) << cut;
    }
    // And every byte by itself.
    for (const char byte : sequence(id))
        host.send_bytes({&byte, 1});
    EXPECT_EQ(host.finish(id).output, "abc");
}

TEST(AgentFrames, OfRandomBytesNeverEndTheAgent) {
    AgentProcess agent;
    Host host(agent);
    std::uint64_t seed = 4711;
    for (int repeat = 0; repeat < 300; ++repeat) {
        std::string body;
        for (std::uint64_t left = next_random(seed) % 60; left > 0; --left)
            body += static_cast<char>(next_random(seed));
        host.send_bytes(
            frame_around(host.fresh_id(), static_cast<std::uint8_t>(next_random(seed)), body));
    }
    // Real frames with single bytes spoiled; the header stays, so that the stream does.
    for (int repeat = 0; repeat < 300; ++repeat) {
        std::string request = host.request_frame(host.fresh_id(), {.argv = {"/bin/true"}});
        request[9 + next_random(seed) % (request.size() - 9)] =
            static_cast<char>(next_random(seed));
        host.send_bytes(request);
    }
    host.round_trip();
    EXPECT_EQ(host.run({.argv = {"/bin/echo", "alive"}}).output, "alive\n");
}

TEST(AgentFrames, OfTouchCountActivity) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.fresh_id();
    host.send_empty(Message::touch, id);
    host.wait_for([&] { return host.session(id).touches == 1; }, "touched");
}

}  // namespace
}  // namespace pronto::test
