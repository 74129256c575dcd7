// SPDX-License-Identifier: Apache-2.0
#include "agent/shutdown.hpp"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "agent/console.hpp"
#include "agent/line_reader.hpp"
#include "core/limits.hpp"

namespace pronto::agent {

namespace {

/// After KILL: the kernel needs a moment, and a process in an uninterruptible wait may never go.
constexpr Nanoseconds kill_grace_ns = 500 * ns_per_ms;

bool any_child_left() {
    // Not reaped here: statuses belong to their sessions.
    siginfo_t info{};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

constexpr auto memory_backed = std::to_array<std::string_view>(
    {"proc",    "sysfs",     "devtmpfs", "devpts",     "tmpfs",       "cgroup2", "cgroup",
     "mqueue",  "debugfs",   "tracefs",  "securityfs", "pstore",      "bpf",     "configfs",
     "fusectl", "hugetlbfs", "ramfs",    "rootfs",     "binfmt_misc", "nsfs",    "efivarfs"});

bool needs_unmounting(std::string_view type) {
    for (const std::string_view other : memory_backed) {
        if (type == other) return false;
    }
    return true;
}

/// Mount points as the kernel lists them, with "\040" and its like turned back.
struct MountPoints {
    static constexpr std::uint32_t count_max = 64;
    std::array<std::array<char, 256>, count_max> paths;
    std::uint32_t count = 0;
};

bool unescape(std::string_view text, std::array<char, 256>& out) {
    std::size_t used = 0;
    while (!text.empty()) {
        if (used + 1 >= out.size()) return false;
        const bool escaped = text[0] == '\\' && text.size() >= 4;
        if (escaped) {
            out[used++] =
                static_cast<char>((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text.remove_prefix(4);
        } else {
            out[used++] = text[0];
            text.remove_prefix(1);
        }
    }
    out[used] = '\0';
    return true;
}

void collect(MountPoints& points) {
    LineReader lines;
    if (!lines.open("/proc/self/mounts").ok()) return;
    for (std::string_view line; points.count < MountPoints::count_max && lines.next(line);) {
        (void)take_field(line, ' ');
        const std::string_view path = take_field(line, ' ');
        if (!needs_unmounting(take_field(line, ' '))) continue;
        if (unescape(path, points.paths[points.count])) ++points.count;
    }
}

/// A machine without a way to switch itself off is ended by a restart, which its monitor takes for
/// the end; whoever starts such a machine names the way with the kernel's own parameter. There the
/// power-off call would never return.
bool machine_ends_by_restart() {
    LineReader lines;
    std::string_view words;
    if (!lines.open("/proc/cmdline").ok() || !lines.next(words)) return false;
    while (!words.empty()) {
        if (take_field(words, ' ').starts_with("reboot=")) return true;
    }
    return false;
}

void unmount_all() {
    static MountPoints points;
    points.count = 0;
    collect(points);
    while (points.count > 0) {
        const char* path = points.paths[--points.count].data();
        if (umount2(path, 0) == 0) continue;
        if (mount(nullptr, path, nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0 && errno != EROFS) {
            print(Line() << "warning: " << path
                         << " could be neither unmounted nor made read-only: "
                         << system_error(errno));
        }
    }
}

}  // namespace

void Shutdown::begin(Nanoseconds now_ns, bool alone) {
    if (running()) return;
    alone_ = alone;
    step_ = Step::terminate;
    deadline_ns_ = now_ns + limits::shutdown_grace_ns;
    if (alone) (void)kill(-1, SIGTERM);
}

void Shutdown::advance(Nanoseconds now_ns, bool work_left) {
    if (step_ == Step::idle || step_ == Step::done) return;
    if (!work_left && (!alone_ || !any_child_left())) {
        step_ = Step::done;
    } else if (now_ns >= deadline_ns_) {
        const bool was_asked = step_ == Step::terminate;
        step_ = was_asked ? Step::kill : Step::done;
        deadline_ns_ = now_ns + kill_grace_ns;
        if (was_asked && alone_) (void)kill(-1, SIGKILL);
    }
}

void power_off() {
    sync();
    unmount_all();
    sync();
    reboot(machine_ends_by_restart() ? RB_AUTOBOOT : RB_POWER_OFF);
    print(Line() << "error: power-off: " << system_error(errno));
}

}  // namespace pronto::agent
