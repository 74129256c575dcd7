// SPDX-License-Identifier: Apache-2.0
#include "cli/qemu_backend.hpp"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/initramfs.hpp"
#include "cli/state.hpp"
#include "client/connection.hpp"
#include "io/clock.hpp"

namespace pronto::cli {

namespace {

constexpr const char* qemu_name = "qemu-system-x86_64";
constexpr Nanoseconds probe_timeout_ns = 5 * ns_per_s;

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

/// Empty when it is not installed.
std::string find_in_path(std::string_view name) {
    const char* variable = getenv("PATH");
    std::string_view rest = variable == nullptr ? "/usr/bin:/bin" : variable;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        std::string path = fmt::format("{}/{}", rest.substr(0, end), name);
        if (access(path.c_str(), X_OK) == 0) return path;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

/// The kernel that was named, or the one the build has made; empty when there is neither.
std::string find_kernel(const GuestOptions& options) {
    if (!options.kernel.empty()) return options.kernel;
    if (const char* chosen = getenv("PRONTO_KERNEL"); chosen != nullptr && *chosen != '\0')
        return chosen;
    // Our own executable is in build/bin, or in build/PRESET/bin.
    // The uncompressed one starts sooner.
    for (const char* name : {"vmlinux", "bzImage"}) {
        for (const char* place : {"../kernel", "../../kernel"}) {
            const std::string path = fmt::format("{}/{}/{}", own_directory(), place, name);
            if (access(path.c_str(), R_OK) == 0)
                return std::filesystem::path(path).lexically_normal();
        }
    }
    return {};
}

// A comma separates options; doubled it is a comma.
std::string escaped(const std::string& path) {
    std::string out;
    for (const char letter : path)
        out.append(letter == ',' ? 2 : 1, letter);
    return out;
}

/// The frequency of this machine's time stamp counter, measured once for each of its boots. An
/// emulated machine cannot calibrate it while the host is busy, and without it its clock is coarse.
std::uint64_t tsc_khz() {
    constexpr Nanoseconds measured_ns = 20 * ns_per_ms;
    const auto path = state_directory() / "cache" / "tsc";
    std::ifstream cached(path);
    std::string boot;
    std::uint64_t khz = 0;
    if (cached >> boot >> khz && boot == boot_id() && khz > 0) return khz;
    const Nanoseconds begin_ns = io::read_clock(CLOCK_MONOTONIC_RAW);
    const std::uint64_t begin = __builtin_ia32_rdtsc();
    (void)::poll(nullptr, 0, static_cast<int>(measured_ns / ns_per_ms));
    const std::uint64_t end = __builtin_ia32_rdtsc();
    const Nanoseconds span_ns = io::read_clock(CLOCK_MONOTONIC_RAW) - begin_ns;
    khz = (end - begin) * ns_per_ms / span_ns;
    std::ofstream(path) << boot_id() << ' ' << khz << '\n';
    return khz;
}

/// kernel-config/README.md says what each word is worth. `reboot=` also tells the agent that this
/// machine has no power-off, and ends by a restart.
std::string kernel_words(const VirtualMachine& machine) {
    std::string words =
        fmt::format("console=ttyS0 quiet panic=-1 reboot=t hostname={}", machine.hostname);
    if (machine.accelerator == "kvm") return words;
    words += fmt::format(
        " mitigations=off noreplace-smp no_timer_check tsc=reliable tsc_early_khz={}", tsc_khz());
    if (machine.short_lived) words += " nolapic_timer";
    return words;
}

std::vector<std::string> command_line(const VirtualMachine& machine,
                                      const std::string& console_log) {
    return {machine.qemu,
            "-M",
            "microvm,acpi=off,auto-kernel-cmdline=on",
            "-accel",
            machine.accelerator,
            "-cpu",
            machine.accelerator == "kvm" ? "host" : "max",
            "-smp",
            std::to_string(machine.cpus),
            "-m",
            std::to_string(machine.memory_mib),
            "-nodefaults",
            "-no-user-config",
            "-no-reboot",
            "-display",
            "none",
            "-global",
            "virtio-mmio.force-legacy=false",
            "-kernel",
            machine.kernel,
            "-initrd",
            machine.initrd,
            "-append",
            kernel_words(machine),
            "-chardev",
            fmt::format("file,id=console,path={},append=on", escaped(console_log)),
            "-serial",
            "chardev:console",
            "-chardev",
            "socket,id=agent,fd=3",
            "-device",
            "virtio-serial-device",
            "-device",
            "virtserialport,chardev=agent,name=agent"};
}

bool boots(VirtualMachine machine, const char* accelerator) {
    machine.accelerator = accelerator;
    std::array<int, 2> fds;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
        fail_errno("make a socket pair");
    io::OwnedFd host(fds[0]);
    io::OwnedFd guest(fds[1]);
    const Process process = start_qemu(machine, "/dev/null", guest.get());
    guest.reset();
    client::Connection connection;
    const bool ready = connection.attach_port(std::move(host), probe_timeout_ns).ok();
    process.kill();
    return ready;
}

/// What the answer of a probe depends on: this run of this machine, and the programs.
std::string probe_key(const VirtualMachine& machine) {
    struct stat kernel {};
    (void)stat(machine.kernel.c_str(), &kernel);
    return fmt::format("{} {} {} {}", boot_id(), machine.qemu, machine.kernel,
                       kernel.st_mtim.tv_sec);
}

bool kvm_works(const VirtualMachine& machine) {
    if (access("/dev/kvm", R_OK | W_OK) != 0) return false;
    const auto path = state_directory() / "cache" / "kvm";
    const std::string key = probe_key(machine);
    std::ifstream cached(path);
    std::string line;
    if (std::getline(cached, line) && line == key && std::getline(cached, line))
        return line == "works";
    note("there is /dev/kvm: booting once to see whether a guest really runs under it");
    const bool works = boots(machine, "kvm");
    std::ofstream(path) << key << '\n' << (works ? "works" : "fails") << '\n';
    return works;
}

std::string choose_accelerator(const GuestOptions& options, const VirtualMachine& machine) {
    if (!options.acceleration.empty()) return options.acceleration;
    if (kvm_works(machine)) return "kvm";
    note("no guest boots under KVM here: this one is emulated, which is slower");
    return "tcg";
}

}  // namespace

std::string choose_backend(const GuestOptions& options) {
    if (options.backend == "qemu" || options.backend == "namespace") return options.backend;
    if (!options.backend.empty()) {
        fail(fmt::format("there is no backend \"{}\"", options.backend),
             "backends are: qemu, namespace");
    }
    const bool has_qemu = !find_in_path(qemu_name).empty();
    const bool has_kernel = !find_kernel(options).empty();
    if (has_qemu && has_kernel) return "qemu";
    note(fmt::format("there is no {}: using the namespace backend, which is no VM",
                     has_qemu ? "guest kernel (kernel-config/build makes one)" : qemu_name));
    return "namespace";
}

VirtualMachine plan_qemu(const GuestOptions& options, const std::string& hostname,
                         const Signals& signals) {
    VirtualMachine machine;
    machine.qemu = find_in_path(qemu_name);
    if (machine.qemu.empty()) {
        fail(fmt::format("{} is not installed", qemu_name),
             "install the package qemu-system-x86, or use --backend namespace");
    }
    machine.kernel = find_kernel(options);
    if (machine.kernel.empty()) {
        fail("there is no guest kernel",
             "`kernel-config/build` makes one; --kernel PATH or PRONTO_KERNEL names another; or "
             "--backend namespace");
    }
    if (access(machine.kernel.c_str(), R_OK) != 0)
        fail_errno(fmt::format("read the kernel {}", machine.kernel));
    machine.initrd =
        options.initrd.empty()
            ? cached_initramfs(sibling_program("pronto-agent", "PRONTO_AGENT"), options.rootfs)
            : options.initrd;
    if (access(machine.initrd.c_str(), R_OK) != 0)
        fail_errno(fmt::format("read the initrd {}", machine.initrd));
    machine.hostname = hostname;
    machine.short_lived = options.short_lived;
    machine.memory_mib = options.memory_mib;
    machine.cpus = options.cpus;
    machine.accelerator = choose_accelerator(options, machine);
    signals.stop_if_asked();
    return machine;
}

Process start_qemu(const VirtualMachine& machine, const std::string& console_log, int port_fd) {
    SpawnPlan plan;
    plan.argv = command_line(machine, console_log);
    plan.fds = {port_fd};
    plan.log_path = console_log;
    return spawn(plan);
}

}  // namespace pronto::cli
