// SPDX-License-Identifier: Apache-2.0
// Hosts that come and go: each is greeted, each finds an agent without the last one's remains.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "io/unix_socket.hpp"
#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

io::OwnedFd accept_one(const io::OwnedFd& listener) {
    pollfd watched{listener.get(), POLLIN, 0};
    EXPECT_EQ(poll(&watched, 1, static_cast<int>(patience_ns / ns_per_ms)), 1);
    return io::OwnedFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

bool eventually_gone(pid_t pid) {
    const Nanoseconds deadline_ns = io::monotonic_ns() + patience_ns;
    while (kill(pid, 0) == 0 && io::monotonic_ns() < deadline_ns)
        poll(nullptr, 0, 2);
    return kill(pid, 0) != 0;
}

/// A process that is gone or a zombie does nothing any more.
bool eventually_dead(pid_t pid) {
    const Nanoseconds deadline_ns = io::monotonic_ns() + patience_ns;
    while (io::monotonic_ns() < deadline_ns) {
        const std::string state = status_of(pid, "State");
        if (state.empty() || state.starts_with('Z')) return true;
        poll(nullptr, 0, 2);
    }
    return false;
}

TEST(AgentLink, EndsInOrderWithItsOnlyHost) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.start({.argv = {"/bin/sleep", "1000"}});
    host.wait_for([&] { return host.session(id).pid != 0; }, "start");
    const auto program_pid = static_cast<pid_t>(host.session(id).pid);
    host.close();
    EXPECT_EQ(agent.wait(), 0);
    EXPECT_TRUE(eventually_dead(program_pid));
}

TEST(AgentLink, EndsInOrderThoughItsHostLeftInTheMiddleOfAFlood) {
    AgentProcess agent;
    Host host(agent);
    for (int index = 0; index < 4; ++index)
        host.start({.argv = {"/usr/bin/yes"}});
    host.wait_for([&] { return host.bytes() > MiB; }, "a flood");
    poll(nullptr, 0, 20);
    host.close();
    EXPECT_EQ(agent.wait(), 0);
}

TEST(AgentLink, GreetsEachHostThatFollowsAndKillsTheLastOnesPrograms) {
    const ScratchDirectory scratch;
    const std::string path = scratch.path() + "/port";
    io::OwnedFd listener;
    ASSERT_TRUE(io::listen_unix(path, listener).ok());
    AgentProcess agent({.port_path = path});
    for (int round = 0; round < 5; ++round) {
        Host host(accept_one(listener));
        ASSERT_EQ(host.ready_count(), 1U);
        EXPECT_EQ(host.run({.argv = {"/bin/echo", "hello"}}).output, "hello\n");
        const std::uint32_t id = host.start({.argv = {"/bin/sleep", "1000"}});
        const std::uint32_t flood = host.start({.argv = {"/usr/bin/yes"}});
        host.wait_for([&] { return host.session(id).pid != 0 && host.session(flood).pid != 0; },
                      "start");
        // Half a frame, then the line is cut: the next host's bytes are no continuation of it.
        host.send_bytes(host.request_frame(99, shell("echo half"))
                            .substr(0, 20 + 5 * static_cast<std::size_t>(round)));
        host.push(10);
        const auto pid = static_cast<pid_t>(host.session(id).pid);
        const auto flood_pid = static_cast<pid_t>(host.session(flood).pid);
        host.close();
        EXPECT_TRUE(eventually_gone(pid)) << "the program of a host that left";
        EXPECT_TRUE(eventually_gone(flood_pid));
    }
}

TEST(AgentLink, WaitsForAHostThatIsNotThereYet) {
    const ScratchDirectory scratch;
    const std::string path = scratch.path() + "/port";
    io::OwnedFd listener;
    ASSERT_TRUE(io::listen_unix(path, listener).ok());
    AgentProcess agent({.port_path = path});
    io::OwnedFd first = accept_one(listener);
    // Nobody listens for a while.
    listener.reset();
    first.reset();
    poll(nullptr, 0, 100);
    ASSERT_TRUE(io::listen_unix(path, listener).ok());
    Host host(accept_one(listener));
    EXPECT_EQ(host.run({.argv = {"/bin/echo", "back"}}).output, "back\n");
}

TEST(AgentLink, LeavesNothingBehindOfManyHosts) {
    const ScratchDirectory scratch;
    const std::string path = scratch.path() + "/port";
    io::OwnedFd listener;
    ASSERT_TRUE(io::listen_unix(path, listener).ok());
    AgentProcess agent({.port_path = path});
    std::size_t before = 0;
    for (int round = 0; round < 20; ++round) {
        Host host(accept_one(listener));
        for (int index = 0; index < 5; ++index)
            host.start(index % 2 == 0 ? shell("yes") : on_terminal(shell("cat")));
        host.wait_for([&] { return host.bytes() > 100'000; }, "output");
        // Behind a few rounds the count is what a busy agent has: programs of one host, spares,
        // and what the last host's programs still hold.
        if (round == 4) before = agent.open_descriptors();
        EXPECT_TRUE(round != 19 || agent.open_descriptors() <= before + 24);
    }
}

TEST(AgentLink, SpeaksOverACharacterDevice) {
    int controller = -1;
    int terminal = -1;
    std::array<char, 64> name{};
    ASSERT_EQ(openpty(&controller, &terminal, name.data(), nullptr, nullptr), 0);
    termios settings;
    tcgetattr(terminal, &settings);
    cfmakeraw(&settings);
    tcsetattr(terminal, TCSANOW, &settings);
    fcntl(controller, F_SETFD, FD_CLOEXEC);
    const io::OwnedFd held(terminal);  // or the controller hangs up before the agent has opened it
    fcntl(terminal, F_SETFD, FD_CLOEXEC);
    AgentProcess agent({.port_path = name.data()});
    Host host(io::OwnedFd{controller});
    EXPECT_EQ(host.run({.argv = {"/bin/echo", "serial"}}).output, "serial\n");
    // Every byte value passes, both ways, and more than any buffer of a terminal holds.
    const std::uint32_t id = host.start({.argv = {"/bin/cat"}});
    const std::string data = Pattern(1).take(300'000);
    host.session(id).output.clear();
    for (std::size_t at = 0; at < data.size(); at += 10'000) {
        host.send_input(id, data.substr(at, 10'000));
        host.wait_for([&] { return host.session(id).output_bytes >= at + 10'000; }, "the echo");
    }
    host.end_input(id);
    EXPECT_TRUE(host.finish(id).output == data);
    const Session& bulk = host.run({.argv = program("pattern", {"6", "500000", "100000", "1"})});
    EXPECT_TRUE(bulk.output == Pattern(6).take(500'000));
    EXPECT_TRUE(bulk.errors == Pattern(7).take(100'000));
    host.close();
}

TEST(AgentLink, OffersTheHandshakeAndTheAdditions) {
    AgentProcess agent;
    Host host(agent.take_port(), {.greet = false});
    host.wait_for([&] { return host.frames() == 1; }, "init.resolved");
    host.move(20);
    EXPECT_EQ(host.ready_count(), 0U) << "ready before the host answered";
    host.acknowledge();
    host.wait_for([&] { return host.ready_count() == 1; }, "ready");
    const wire::Ready& ready = host.ready();
    EXPECT_TRUE(ready.has_pronto);
    EXPECT_EQ(ready.features, wire::feature_credit | wire::feature_verdict);
    EXPECT_GT(ready.stdin_window_bytes, 0U);
    EXPECT_GE(ready.ready_time_ns, ready.boot_time_ns);
    // A second answer belongs to no question.
    host.acknowledge();
    host.round_trip();
    EXPECT_EQ(host.ready_count(), 1U);
    ASSERT_EQ(host.session(0).refusals.size(), 1U);
}

TEST(AgentLink, WorksForRequestsInTheSameWriteAsTheAnswer) {
    AgentProcess agent;
    Host host(agent.take_port(), {.greet = false});
    host.wait_for([&] { return host.frames() == 1; }, "init.resolved");
    const std::string answer = host.frame(
        wire::Message::init_ack, 0, [](cbor::Writer& writer) { encode(writer, wire::InitAck{}); });
    host.send_bytes(answer + host.request_frame(1, {.argv = {"/bin/echo", "early"}}));
    EXPECT_EQ(host.finish(1).output, "early\n");
    EXPECT_EQ(host.ready_count(), 1U);
}

}  // namespace
}  // namespace pronto::test
