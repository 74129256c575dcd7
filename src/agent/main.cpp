// SPDX-License-Identifier: Apache-2.0
// The guest agent: sets the system up when it is PID 1, opens its port, and runs commands for the
// host.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <new>

#include "agent/agent.hpp"
#include "agent/boot.hpp"
#include "agent/console.hpp"
#include "agent/line_reader.hpp"
#include "agent/options.hpp"
#include "io/memory.hpp"
#include "io/uring_fault.hpp"

namespace pronto::agent {
namespace {

constexpr Nanoseconds port_patience_ns = 5 * ns_per_s;

Status open_port(const Options& options, io::SerialPort& port) {
    if (options.port_fd >= 0) return io::adopt_port(options.port_fd, port);
    if (options.port_path != nullptr) return io::open_port_path(options.port_path, port);
    return io::open_virtio_port("agent", port_patience_ns, port);
}

void explain_port(const Options& options, Error error) {
    const std::string_view where = options.port_path != nullptr ? options.port_path
                                   : options.port_fd >= 0       ? "the descriptor handed down"
                                                                : "the virtio port named \"agent\"";
    print(Line() << "error: " << where << " cannot be opened: " << error
                 << "; give the guest such a port, or name another with --port");
}

Status serve(const Options& options, bool as_init, BootTimes& times) {
    if (as_init) {
        if (Status prepared = set_up_system(times); !prepared.ok()) return prepared;
        ensure_standard_descriptors();
    }
    const rlimit descriptors = raise_own_descriptor_limit();
    io::SerialPort port;
    if (Status opened = open_port(options, port); !opened.ok()) {
        explain_port(options, opened);
        return opened;
    }
    stamp(times, wire::BootStage::port_open);
    // SAFETY: fresh memory of the kernel's, page-aligned and large enough; it lives as long as the
    // process.
    auto* agent = new (io::reserve(sizeof(Agent)).data()) Agent;
    const char* reconnect = port.is_socket && options.port_fd < 0 ? options.port_path : nullptr;
    const Status opened =
        agent->open({options.profile, reconnect, as_init, descriptors}, std::move(port), times);
    if (!opened.ok()) {
        print(Line() << "error: start: " << opened
                     << "; the kernel must offer io_uring of 5.19 or later");
        return opened;
    }
    const Status ran = agent->run();
    if (!ran.ok()) print(Line() << "error: the loop ended: " << ran);
    return ran;
}

#ifdef PRONTO_DEEP_CHECKS
/// Test builds only: PRONTO_FAULTS=SEED:RARITY disturbs one operation in RARITY.
void inject_faults() {
    const char* wanted = getenv("PRONTO_FAULTS");
    if (wanted == nullptr) return;
    std::string_view rest = wanted;
    std::uint32_t seed = 0;
    std::uint32_t rarity = 0;
    if (parse_number(take_field(rest, ':'), seed) && parse_number(rest, rarity))
        io::fault::inject(seed, rarity);
}
#else
void inject_faults() {}
#endif

void on_fatal(const char* condition, const char* file, int line) {
    print(Line() << "fatal: " << file << ':' << std::int64_t{line} << ": " << condition);
}

int run(int count, char** words) {
    BootTimes times{};
    stamp(times, wire::BootStage::started);
    set_fatal_hook(on_fatal);
    const bool as_init = getpid() == 1;
    ensure_standard_descriptors();
    reset_signal_dispositions();
    inject_faults();
    const Options options = parse_options(count, words, as_init);
    switch (options.action) {
        case Options::Action::run: break;
        case Options::Action::usage: return 2;
        case Options::Action::help: return write(1, help_text, strlen(help_text)) < 0 ? 1 : 0;
        case Options::Action::version:
            return write(1, "pronto-agent " PRONTO_VERSION "\n",
                         sizeof "pronto-agent " PRONTO_VERSION) < 0
                       ? 1
                       : 0;
    }
    const Status served = serve(options, as_init, times);
    if (as_init && !options.exit_when_done) power_off();
    return served.ok() ? 0 : 1;
}

}  // namespace
}  // namespace pronto::agent

int main(int count, char** words) { return pronto::agent::run(count, words); }
