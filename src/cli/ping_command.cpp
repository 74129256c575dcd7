// SPDX-License-Identifier: Apache-2.0
#include "cli/ping_command.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/json_output.hpp"
#include "io/clock.hpp"

namespace pronto::cli {

namespace {

constexpr Nanoseconds patience_ns = 5 * ns_per_s;

Nanoseconds round_trip(client::Connection& connection, const std::string& target) {
    const Result<std::uint32_t> id = connection.open_id();
    if (!id.ok()) fail("no id is free");
    const Nanoseconds begin = io::monotonic_ns();
    Status status = connection.send_empty(wire::Message::ping, id.value());
    client::Incoming incoming;
    if (status.ok()) status = connection.receive(incoming, begin + patience_ns);
    const Nanoseconds end = io::monotonic_ns();
    if (status.code == Code::unsupported) {
        fail(fmt::format("the agent of {} is too old to answer a ping", target),
             "`pronto exec` works with it");
    }
    if (status.code == Code::timed_out) fail(fmt::format("{} did not answer within 5 s", target));
    if (!status.ok()) fail(fmt::format("ping to {} failed: {}", target, reason(status)));
    if (incoming.message != wire::Message::pong)
        fail(fmt::format("{} answered, but with no pong", target));
    return end - begin;
}

}  // namespace

int ping_command(const PingOptions& options) {
    client::Connection connection;
    connect(connection, options.target);
    std::vector<Nanoseconds> times;
    for (unsigned number = 0; number < options.count; ++number) {
        times.push_back(round_trip(connection, label(options.target)));
        if (!options.json) {
            fmt::print("pong from {}: {:.1f} us\n", label(options.target),
                       static_cast<double>(times.back()) / 1e3);
        }
    }
    if (options.json) {
        print_ping(label(options.target), times);
    } else if (times.size() > 1) {
        std::sort(times.begin(), times.end());
        fmt::print("{} round trips: min {:.1f} us, median {:.1f} us, max {:.1f} us\n", times.size(),
                   static_cast<double>(times.front()) / 1e3,
                   static_cast<double>(times[times.size() / 2]) / 1e3,
                   static_cast<double>(times.back()) / 1e3);
    }
    return 0;
}

}  // namespace pronto::cli
