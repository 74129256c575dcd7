// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/bench_floor.hpp"
#include "cli/bench_measure.hpp"
#include "cli/bench_pin.hpp"
#include "cli/bench_sample.hpp"
#include "cli/failure.hpp"
#include "cli/guest.hpp"
#include "cli/namespace_backend.hpp"

namespace pronto::cli {

namespace {

constexpr std::uint64_t stream_bytes = 1024 * MiB;
constexpr Nanoseconds stall_ns = 3 * ns_per_s;
const std::string guest_program = "/tmp/pronto-nothing";

/// A guest for the benchmark, ended on every way out.
class BenchGuest {
  public:
    BenchGuest(const BenchOptions& options, bool through_relay)
        : guest_(fmt::format("bench-{}", getpid())), lock_(GuestLock::create(guest_)) {
        GuestOptions guest_options = options.guest;
        guest_options.backend = "namespace";
        if (through_relay) {
            agent_ = start_guest(guest_options, guest_, signals_).guest.pid;
            has_relay_ = true;
            connected(connection_.connect(guest_.socket_path()));
        } else {
            std::array<int, 2> fds;
            if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
                fail_errno("make a socket pair");
            io::OwnedFd far(fds[0]);
            io::OwnedFd near(fds[1]);
            process_ = start_in_namespaces(guest_options, guest_, far.get());
            agent_ = process_.name().pid;
            far.reset();
            connected(connection_.attach_port(std::move(near)));
        }
        install_program(connection_, guest_program, empty_program());
    }
    ~BenchGuest() {
        try {
            if (has_relay_) (void)stop_guest(guest_, {.window_ns = 5 * ns_per_s, .quiet = true});
        } catch (const Failure& failure) {
            note(failure.message);
        }
        if (has_relay_) return;
        process_.kill();
        guest_.remove();
    }
    BenchGuest(const BenchGuest&) = delete;
    BenchGuest& operator=(const BenchGuest&) = delete;

    client::Connection& connection() { return connection_; }
    /// Precondition: there is a relay.
    void connect_another(client::Connection& connection) {
        connected(connection.connect(guest_.socket_path()));
    }
    pid_t agent() const { return agent_; }

  private:
    void connected(Status status) {
        if (status.ok()) return;
        if (!has_relay_) process_.kill();
        fail(fmt::format("the guest of the benchmark cannot be reached: {}", reason(status)),
             fmt::format("its console: {}", guest_.console_log()));
    }

    const Signals signals_;
    GuestDirectory guest_;
    GuestLock lock_;
    Process process_;
    client::Connection connection_;
    pid_t agent_ = 0;
    bool has_relay_ = false;
};

/// The same program as a file of this machine, for the floor.
class FloorProgram {
  public:
    FloorProgram() : path_(fmt::format("/tmp/pronto-nothing-{}", getpid())) {
        std::ofstream(path_, std::ios::binary) << empty_program();
        if (chmod(path_.c_str(), 0755) != 0) fail_errno(fmt::format("make {}", path_));
    }
    ~FloorProgram() { unlink(path_.c_str()); }
    FloorProgram(const FloorProgram&) = delete;
    FloorProgram& operator=(const FloorProgram&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// Alternates `measure` and `floor` round by round, so that both see the same machine.
template <typename Measure, typename Floor>
void measure_latency(const BenchOptions& options, BenchFigure& figure, Measure measure,
                     Floor floor) {
    std::vector<double> values;
    std::vector<double> tails;
    std::vector<double> floors;
    std::vector<Nanoseconds> samples(options.iterations);
    for (unsigned round = 0; round < options.rounds; ++round) {
        std::generate(samples.begin(), samples.end(), floor);
        floors.push_back(quantile(samples, 0.5));
        std::generate(samples.begin(), samples.end(), measure);
        values.push_back(quantile(samples, 0.5));
        tails.push_back(quantile(samples, 0.99));
    }
    const auto us = static_cast<double>(ns_per_us);
    figure.unit = "us";
    figure.value = median(values) / us;
    figure.value_p99 = median(tails) / us;
    figure.floor = median(floors) / us;
}

class Bench {
  public:
    Bench(const BenchOptions& options, bool through_relay)
        : options_(options), relay_(through_relay), guest_(options, through_relay) {}

    void exec(std::vector<BenchFigure>& out) {
        const FloorProgram program;
        const auto floor = [&] { return spawn_once(program.path()); };
        for (const bool tty : {false, true}) {
            BenchFigure figure = named(tty ? "exec with a tty" : "exec");
            figure.comparison = Comparison::above_floor;
            figure.goal = relay_ ? 110 : tty ? 90 : 45;
            const auto run = [&] { return exec_once(guest_.connection(), guest_program, tty); };
            measure_latency(options_, figure, run, floor);
            // A terminal through the relay has no goal of its own.
            if (!(tty && relay_)) out.push_back(figure);
        }
    }

    void ping(std::vector<BenchFigure>& out) {
        PingFloor floor;
        PinnedEnds ends;
        ends.place_other_end(floor.other_end());
        ends.place_other_end(guest_.agent());
        BenchFigure figure = named("ping");
        figure.comparison = Comparison::over_floor;
        figure.goal = relay_ ? 0 : 1.1;
        measure_latency(
            options_, figure, [&] { return ping_once(guest_.connection()); },
            [&] { return floor.round_trip(); });
        ends.release_other_end(guest_.agent());
        out.push_back(figure);
    }

    void stdout_stream(std::vector<BenchFigure>& out) {
        std::vector<double> values;
        std::vector<double> floors;
        for (unsigned round = 0; round < options_.rounds; ++round) {
            floors.push_back(stream_floor(stream_bytes) / static_cast<double>(MiB));
            values.push_back(stream_once(guest_.connection(), stream_bytes) /
                             static_cast<double>(MiB));
        }
        BenchFigure figure = named("stdout, dd bs=64k");
        figure.unit = "MiB/s";
        figure.value = median(values);
        figure.floor = median(floors);
        figure.comparison = Comparison::at_least;
        figure.goal = 2000;
        out.push_back(figure);
    }

    void stall(std::vector<BenchFigure>& out) {
        const Stall stall = stall_once(guest_.connection(), guest_.agent(), stall_ns);
        BenchFigure memory = named("memory, host stalls 3 s");
        memory.unit = "KiB";
        memory.value = static_cast<double>(stall.rss_bytes_max) / static_cast<double>(KiB);
        memory.goal = 4096;
        out.push_back(memory);
        BenchFigure lost = named("bytes lost by it");
        lost.unit = "B";
        lost.value = static_cast<double>(stall.bytes_lost);
        out.push_back(lost);

        std::vector<Nanoseconds> samples(options_.rounds * 4);
        for (Nanoseconds& sample : samples) {
            std::optional<client::Connection> other;
            if (relay_) guest_.connect_another(other.emplace());
            client::Connection& owner = other ? *other : guest_.connection();
            sample = exec_beside_unread_input(owner, guest_.connection(), guest_program);
        }
        BenchFigure beside = named("exec beside unread stdin");
        beside.unit = "us";
        beside.value = quantile(samples, 0.5) / static_cast<double>(ns_per_us);
        beside.value_p99 = quantile(samples, 0.99) / static_cast<double>(ns_per_us);
        beside.goal = 1000;
        out.push_back(beside);
    }

  private:
    BenchFigure named(std::string name) const {
        BenchFigure figure;
        figure.name = std::move(name);
        figure.path = relay_ ? "relay" : "port";
        return figure;
    }

    const BenchOptions& options_;
    bool relay_;
    BenchGuest guest_;
};

constexpr std::array<std::string_view, 4> measure_names{"exec", "ping", "stdout", "stall"};

bool wanted(const BenchOptions& options, std::string_view measure) {
    const auto& list = options.measures;
    return list.empty() || std::find(list.begin(), list.end(), measure) != list.end();
}

std::string goal_text(const BenchFigure& figure) {
    if (!figure.has_goal()) return "none";
    switch (figure.comparison) {
        case Comparison::above_floor: return fmt::format("floor + {:.0f}", figure.goal);
        case Comparison::over_floor: return fmt::format("{:.1f} x floor", figure.goal);
        case Comparison::at_least: return fmt::format(">= {:.0f}", figure.goal);
        case Comparison::at_most: return fmt::format("<= {:.0f}", figure.goal);
    }
    PRONTO_UNREACHABLE();
}

std::string compared_text(const BenchFigure& figure) {
    if (figure.comparison == Comparison::above_floor)
        return fmt::format("{:+.1f}", figure.compared());
    if (figure.comparison == Comparison::over_floor)
        return fmt::format("x{:.2f}", figure.compared());
    return {};
}

void print_row(const BenchFigure& figure) {
    const auto number = [](double value) {
        return value == 0 ? std::string("-") : fmt::format("{:.1f}", value);
    };
    fmt::print("{:<6} {:<26} {:>10.1f} {:>10} {:>10} {:>8}  {:<5} {:<12} {}\n", figure.path,
               figure.name, figure.value, number(figure.value_p99), number(figure.floor),
               compared_text(figure), figure.unit, goal_text(figure),
               !figure.has_goal() ? ""
               : figure.reached() ? "reached"
                                  : "missed");
    fflush(stdout);
}

void print_head() {
    fmt::print("{:<6} {:<26} {:>10} {:>10} {:>10} {:>8}  {:<5} {:<12}\n", "path", "measure",
               "median", "p99", "floor", "", "unit", "goal");
    fflush(stdout);
}

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

void print_json(const BenchOptions& options, const std::vector<BenchFigure>& figures) {
    utsname system{};
    (void)uname(&system);
    nlohmann::ordered_json document;
    document["version"] = PRONTO_VERSION;
    document["machine"] = {{"processor", processor_name()},
                           {"processors", sysconf(_SC_NPROCESSORS_ONLN)},
                           {"kernel", system.release},
                           {"compiler", __VERSION__}};
    document["rounds"] = options.rounds;
    document["iterations"] = options.iterations;
    for (const BenchFigure& figure : figures) {
        document["figures"].push_back({{"path", figure.path},
                                       {"measure", figure.name},
                                       {"unit", figure.unit},
                                       {"median", figure.value},
                                       {"p99", figure.value_p99},
                                       {"floor", figure.floor},
                                       {"goal", goal_text(figure)},
                                       {"reached", figure.reached()}});
    }
    fmt::print("{}\n", document.dump(2));
}

}  // namespace

int bench_command(const BenchOptions& options) {
    for (const std::string& measure : options.measures) {
        if (std::find(measure_names.begin(), measure_names.end(), measure) == measure_names.end())
            fail(fmt::format("there is no measure \"{}\"", measure),
                 "exec, ping, stdout and stall are");
    }
    if (geteuid() != 0)
        fail("the benchmark needs root, for the namespaces of its guest", "use sudo");
    std::vector<BenchFigure> figures;
    if (!options.json) print_head();
    for (const bool relay : {false, true}) {
        if (!options.path.empty() && (options.path == "relay") != relay) continue;
        Bench bench(options, relay);
        const auto run = [&](std::string_view name,
                             void (Bench::*measure)(std::vector<BenchFigure>&)) {
            if (!wanted(options, name)) return;
            const std::size_t before = figures.size();
            (bench.*measure)(figures);
            for (std::size_t index = before; !options.json && index < figures.size(); ++index)
                print_row(figures[index]);
        };
        run("exec", &Bench::exec);
        run("ping", &Bench::ping);
        run("stdout", &Bench::stdout_stream);
        run("stall", &Bench::stall);
    }
    if (options.json) print_json(options, figures);
    const bool all = std::all_of(figures.begin(), figures.end(),
                                 [](const BenchFigure& figure) { return figure.reached(); });
    return options.check && !all ? 1 : 0;
}

}  // namespace pronto::cli
