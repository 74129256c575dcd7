// SPDX-License-Identifier: Apache-2.0
// `pronto exec` and `pronto ping` against a guest that does what the test says.
#include <signal.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.hpp"
#include "tests/cli/scripted_guest.hpp"

namespace pronto::test {
namespace {

using wire::Message;

wire::ExecExited verdict(int code, std::uint64_t output_bytes, std::uint64_t errors_bytes) {
    wire::ExecExited exited;
    exited.code = code;
    exited.has_verdict = true;
    exited.stdout_bytes = output_bytes;
    exited.stderr_bytes = errors_bytes;
    return exited;
}

Ran exec(const ScriptedGuest& guest, std::vector<std::string> options = {},
         std::string input = {}) {
    Invocation invocation{{"exec", "--socket", guest.socket_path()}, std::move(input), {}};
    invocation.arguments.insert(invocation.arguments.end(), options.begin(), options.end());
    for (const char* word : {"--", "program", "-x", "--json"})
        invocation.arguments.emplace_back(word);
    return pronto(invocation);
}

/// Runs what the client asked for through `check`, then ends the session with code 0.
ScriptedGuest::Script looks_at_request(std::function<void(wire::ExecRequest&)> check) {
    return [check = std::move(check)](Peer& peer) {
        auto request = peer.receive(Message::exec_request);
        if (!request) return;
        wire::ExecRequest decoded;
        ASSERT_TRUE(wire::decode(request->payload, decoded).ok());
        check(decoded);
        peer.send(Message::exec_exited, request->id, verdict(0, 0, 0));
        peer.receive(Message::shutdown);
    };
}

TEST(Exec, PassesOutputErrorsAndCodeThrough) {
    const ScriptedGuest guest(ends_with(verdict(3, 4, 5), "out\n", "errs\n"));
    const Ran ran = exec(guest);
    EXPECT_EQ(ran.exit_code, 3);
    EXPECT_EQ(ran.output, "out\n");
    EXPECT_EQ(ran.errors, "errs\n");
}

TEST(Exec, DeathBySignalIsOneHundredAndTwentyEightMore) {
    wire::ExecExited exited = verdict(-1, 0, 0);
    exited.signal = SIGKILL;
    const ScriptedGuest guest(ends_with(exited));
    EXPECT_EQ(exec(guest).exit_code, 137);
}

TEST(Exec, LostOutputIsAnErrorOfItsOwn) {
    const ScriptedGuest guest(ends_with(verdict(0, 5, 0), "out\n"));
    const Ran ran = exec(guest);
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_EQ(ran.output, "out\n");
    EXPECT_NE(ran.errors.find("output was lost"), std::string::npos);
}

TEST(Exec, ForeignAgentsDoNotCountAndAreBelieved) {
    wire::ExecExited exited;
    exited.code = 4;
    const ScriptedGuest guest(ends_with(exited, "out\n"));
    EXPECT_EQ(exec(guest).exit_code, 4);
}

TEST(Exec, CommandThatCannotStartHasItsCode) {
    const ScriptedGuest guest([](Peer& peer) {
        const auto request = peer.receive(Message::exec_request);
        if (!request) return;
        wire::ExecFailure failure;
        failure.kind = "not_found";
        failure.message = "no such file";
        peer.send_failed(request->id, failure);
        peer.receive(Message::shutdown);
    });
    const Ran ran = exec(guest);
    EXPECT_EQ(ran.exit_code, 127);
    EXPECT_EQ(ran.errors, "pronto: cannot run program: no such file\n");
}

TEST(Exec, GuestThatGoesAwayIsAnError) {
    const ScriptedGuest guest([](Peer& peer) { peer.receive(Message::exec_request); });
    const Ran ran = exec(guest);
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("ended before the command did"), std::string::npos);
}

TEST(Exec, RefusedRequestIsAnError) {
    const ScriptedGuest guest([](Peer& peer) {
        const auto request = peer.receive(Message::exec_request);
        if (!request) return;
        peer.send(Message::error, request->id,
                  wire::CoreError{"invalid_payload", "no such field", {}});
        peer.receive(Message::shutdown);
    });
    const Ran ran = exec(guest);
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("no such field (invalid_payload)"), std::string::npos);
}

TEST(Exec, RequestCarriesEveryOption) {
    const ScriptedGuest guest(looks_at_request([](wire::ExecRequest& request) {
        EXPECT_EQ(cbor::take_text(request.command), "program");
        ASSERT_EQ(request.arguments.count, 2U);
        EXPECT_EQ(cbor::take_text(cbor::next(request.arguments)), "-x");
        EXPECT_EQ(cbor::take_text(cbor::next(request.arguments)), "--json");
        ASSERT_EQ(request.environment.count, 2U);
        EXPECT_EQ(cbor::take_text(cbor::next(request.environment)), "A=1");
        EXPECT_EQ(cbor::take_text(cbor::next(request.environment)), "B=2 3");
        EXPECT_EQ(cbor::take_text(request.working_directory), "/tmp");
        EXPECT_EQ(cbor::take_text(request.user), "1000:1000");
        EXPECT_FALSE(request.tty);
    }));
    const Ran ran =
        exec(guest, {"-e", "A=1", "--env", "B=2 3", "--cwd", "/tmp", "--user", "1000:1000"});
    EXPECT_EQ(ran.exit_code, 0) << ran.errors;
}

/// Collects standard input until its end and sends it back.
void echo(Peer& peer) {
    const auto request = peer.receive(Message::exec_request);
    if (!request) return;
    std::uint64_t bytes = 0;
    for (;;) {
        auto input = peer.receive(Message::exec_stdin);
        if (!input) return;
        wire::ExecData data;
        ASSERT_TRUE(wire::decode(input->payload, data).ok());
        if (data.data.empty()) break;
        bytes += data.data.size();
        peer.send_data(Message::exec_stdout, request->id, as_text(data.data));
    }
    peer.send(Message::exec_exited, request->id, verdict(0, bytes, 0));
    peer.receive(Message::shutdown);
}

TEST(Exec, InputArrivesToTheLastByteAndItsEndToo) {
    std::string input(3'000'001, 'x');
    for (std::size_t at = 0; at < input.size(); at += 7)
        input[at] = static_cast<char>(at >> 3);
    const ScriptedGuest guest(echo);
    const Ran ran = exec(guest, {"-i"}, input);
    EXPECT_EQ(ran.exit_code, 0) << ran.errors;
    EXPECT_TRUE(ran.output == input);
}

TEST(Exec, WithoutInteractiveInputEndsAtOnce) {
    const ScriptedGuest guest(echo);
    const Ran ran = exec(guest, {}, "not forwarded");
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_EQ(ran.output, "");
}

/// Ends when it is killed by this signal, and remembers what it got before.
ScriptedGuest::Script dies_of(int deadly, std::vector<int>& seen) {
    return [deadly, &seen](Peer& peer) {
        const auto request = peer.receive(Message::exec_request);
        if (!request) return;
        std::uint64_t output_bytes = 6;
        peer.send_data(Message::exec_stdout, request->id, "begun\n");
        while (auto received = peer.receive(Message::exec_signal)) {
            wire::ExecSignal signal;
            ASSERT_TRUE(wire::decode(received->payload, signal).ok());
            seen.push_back(signal.signal);
            const std::string text = "signal " + std::to_string(signal.signal) + "\n";
            peer.send_data(Message::exec_stdout, request->id, text);
            output_bytes += text.size();
            if (signal.signal != deadly) continue;
            wire::ExecExited exited = verdict(-1, output_bytes, 0);
            exited.signal = static_cast<std::uint8_t>(deadly);
            peer.send(Message::exec_exited, request->id, exited);
        }
    };
}

TEST(Exec, TimeLimitSendsTermAndExitsWith124) {
    std::vector<int> seen;
    Ran ran;
    {
        const ScriptedGuest guest(dies_of(SIGTERM, seen));
        ran = exec(guest, {"--timeout", "0.05"});
    }
    EXPECT_EQ(ran.exit_code, 124);
    EXPECT_EQ(seen, std::vector<int>{SIGTERM});
}

TEST(Exec, TimeLimitSendsKillToWhatIgnoresTerm) {
    std::vector<int> seen;
    Ran ran;
    {
        const ScriptedGuest guest(dies_of(SIGKILL, seen));
        ran = exec(guest, {"--timeout", "0.05"});
    }
    EXPECT_EQ(ran.exit_code, 124);
    EXPECT_EQ(seen, (std::vector<int>{SIGTERM, SIGKILL}));
}

TEST(Exec, InterruptIsForwardedAndTheSecondLeaves) {
    std::vector<int> seen;
    {
        const ScriptedGuest guest(dies_of(SIGKILL, seen));
        Background running({{"exec", "--socket", guest.socket_path(), "--", "program"}, {}, {}},
                           false);
        running.read_until("begun");
        kill(running.pid(), SIGTERM);
        // The first is at the guest before the second comes, or they would be one.
        running.read_until("signal 15");
        kill(running.pid(), SIGINT);
        EXPECT_EQ(running.wait(), 130);
    }
    EXPECT_EQ(seen, std::vector<int>{SIGTERM});
}

TEST(Exec, JsonHasVerdictAndOutput) {
    const ScriptedGuest guest(ends_with(verdict(3, 4, 2), "out\n", "\xff\xfe"));
    const Ran ran = exec(guest, {"--json"});
    EXPECT_EQ(ran.exit_code, 3);
    const auto object = nlohmann::json::parse(ran.output);
    EXPECT_EQ(object["exit_code"], 3);
    EXPECT_EQ(object["stdout"], "out\n");
    EXPECT_EQ(object["stderr_base64"], "//4=");
    EXPECT_EQ(object["verdict"]["stdout_bytes"], 4);
    EXPECT_EQ(object["pid"], 7);
    EXPECT_EQ(object["timed_out"], false);
}

TEST(Exec, OutputThatNobodyReadsEndsIt) {
    const ScriptedGuest guest([](Peer& peer) {
        const auto request = peer.receive(Message::exec_request);
        if (!request) return;
        const std::string page(4096, 'y');
        for (int pages = 0; pages < 100; ++pages)
            peer.send_data(Message::exec_stdout, request->id, page);
        peer.receive(Message::shutdown);
    });
    const Ran ran = pronto({"--version"});
    ASSERT_EQ(ran.exit_code, 0);
    const std::string line =
        built("pronto") + " exec --socket " + guest.socket_path() + " -- program | head -c 1";
    EXPECT_EQ(system(("bash -c 'set -o pipefail; " + line + " >/dev/null'").c_str()) >> 8, 141);
}

void answer_pings(Peer& peer) {
    while (const auto ping = peer.receive(Message::ping))
        peer.send(Message::pong, ping->id, wire::InitAck{});
}

TEST(Ping, CountsRoundTrips) {
    const ScriptedGuest guest(answer_pings);
    const Ran ran = pronto({"ping", "--socket", guest.socket_path(), "-c", "3"});
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_NE(ran.output.find("3 round trips: min"), std::string::npos);
    const Ran as_json = pronto({"ping", "--socket", guest.socket_path(), "-c", "2", "--json"});
    EXPECT_EQ(nlohmann::json::parse(as_json.output)["round_trips_ns"].size(), 2U);
}

TEST(Ping, OldAgentIsSaidToBeOld) {
    const ScriptedGuest guest(answer_pings, {.legacy = true, .generation = 1, .handshake = {}});
    const Ran ran = pronto({"ping", "--socket", guest.socket_path()});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("too old"), std::string::npos);
}

}  // namespace
}  // namespace pronto::test
