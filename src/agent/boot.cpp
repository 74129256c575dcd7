// SPDX-License-Identifier: Apache-2.0
#include "agent/boot.hpp"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/console.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/owned_fd.hpp"

namespace pronto::agent {

namespace {

enum class Policy : std::uint8_t { fatal, warn, quiet };

struct MountRow {
    const char* type;
    const char* target;
    unsigned long flags;
    const char* data;
    long magic;         ///< of the file system when it is mounted already; 0: not looked at
    const char* probe;  ///< a path that is there when nothing needs mounting; null: none
    Policy policy;
};

constexpr unsigned long sealed = MS_NODEV | MS_NOEXEC | MS_NOSUID | MS_RELATIME;

// Order matters: a parent before what lies in it. /dev is left alone when it already works: a
// launcher that gives the agent private devices must not see the machine's put on top of them.
constexpr auto mounts = std::to_array<MountRow>({
    {"proc", "/proc", sealed, nullptr, 0x9fa0, nullptr, Policy::fatal},
    {"sysfs", "/sys", sealed, nullptr, 0x62656572, nullptr, Policy::warn},
    {"devtmpfs", "/dev", MS_NOSUID | MS_RELATIME, nullptr, 0, "/dev/null", Policy::fatal},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC | MS_RELATIME, "gid=5,mode=620,ptmxmode=666",
     0x1cd1, nullptr, Policy::warn},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_RELATIME, "mode=1777", 0x01021994, nullptr,
     Policy::warn},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_RELATIME, "mode=755", 0x01021994, nullptr,
     Policy::warn},
    {"cgroup2", "/sys/fs/cgroup", sealed, nullptr, 0x63677270, nullptr, Policy::quiet},
});

struct LinkRow {
    const char* path;
    const char* target;
};
constexpr auto links = std::to_array<LinkRow>({
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
    {"/dev/ptmx", "pts/ptmx"},
});

struct DirectoryRow {
    const char* path;
    mode_t mode;
};
constexpr auto directories = std::to_array<DirectoryRow>({
    {"/run/lock", 01777},
    {"/tmp", 01777},
    {"/var/tmp", 01777},
});

void warn(std::string_view step, std::string_view subject, Error error) {
    print(Line() << "warning: " << step << ' ' << subject << ": " << error);
}

bool is_mounted(const MountRow& row) {
    if (row.probe != nullptr && access(row.probe, F_OK) == 0) return true;
    struct statfs found;
    if (row.magic == 0 || statfs(row.target, &found) != 0) return false;
    if (static_cast<long>(found.f_type) != row.magic) return false;
    if (row.magic != 0x01021994) return true;
    // A tmpfs: it may be the parent's. It is this one when it lies on another device than the
    // directory above.
    struct stat here;
    struct stat above;
    return stat(row.target, &here) == 0 && stat("/", &above) == 0 && here.st_dev != above.st_dev &&
           (strncmp(row.target, "/dev/", 5) != 0 ||
            (stat("/dev", &above) == 0 && here.st_dev != above.st_dev));
}

Status mount_row(const MountRow& row) {
    if (is_mounted(row)) return {};
    if (mkdir(row.target, 0755) != 0 && errno != EEXIST && errno != EROFS)
        return system_error(errno);
    if (mount(row.type, row.target, row.type, row.flags, row.data) == 0 || errno == EBUSY)
        return {};
    return system_error(errno);
}

Status mount_all() {
    for (const MountRow& row : mounts) {
        const Status mounted = mount_row(row);
        if (mounted.ok() || row.policy == Policy::quiet) continue;
        if (row.policy == Policy::warn) {
            warn("mount", row.target, mounted);
            continue;
        }
        print(Line() << "error: mount " << row.target << ": " << mounted);
        return mounted;
    }
    return {};
}

void make_links() {
    for (const LinkRow& row : links) {
        if (symlink(row.target, row.path) == 0 || errno == EEXIST) continue;
        if (errno != EROFS) warn("link", row.path, system_error(errno));
    }
}

void make_directories() {
    for (const DirectoryRow& row : directories) {
        if (mkdir(row.path, 0755) != 0 && errno != EEXIST) {
            if (errno != EROFS && errno != ENOENT) warn("mkdir", row.path, system_error(errno));
            continue;
        }
        struct stat found;
        if (stat(row.path, &found) != 0 || !S_ISDIR(found.st_mode) ||
            (found.st_mode & 07777) == row.mode)
            continue;
        if (chmod(row.path, row.mode) != 0 && errno != EROFS)
            warn("chmod", row.path, system_error(errno));
    }
}

/// The kernel gives the interface 127.0.0.1 and ::1 by itself once it is up.
Status bring_up_loopback() {
    const io::OwnedFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return system_error(errno);
    ifreq request{};
    memcpy(request.ifr_name, "lo", 3);
    if (ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return system_error(errno);
    if ((request.ifr_flags & IFF_UP) != 0) return {};
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    return ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0 ? Status{} : system_error(errno);
}

}  // namespace

void stamp(BootTimes& times, wire::BootStage stage) {
    times[static_cast<std::size_t>(stage)] = io::boottime_ns();
}

void ensure_standard_descriptors() {
    for (;;) {
        const int fd = open("/dev/null", O_RDWR);
        if (fd < 0) return;  // before /dev is there, the kernel's console holds them
        if (fd <= 2) continue;
        close(fd);
        return;
    }
}

void reset_signal_dispositions() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    // KILL, STOP and the C library's own cannot be set, and are not ignored either.
    for (int number = 1; number < NSIG; ++number)
        (void)sigaction(number, &standard, nullptr);
}

Status set_up_system(BootTimes& times) {
    umask(022);
    const Status mounted = mount_all();
    if (!mounted.ok()) return mounted;
    make_links();
    make_directories();
    stamp(times, wire::BootStage::mounts);
    if (Status up = bring_up_loopback(); !up.ok()) warn("bring up", "lo", up);
    stamp(times, wire::BootStage::network);
    return {};
}

rlimit raise_own_descriptor_limit() {
    rlimit before{};
    if (getrlimit(RLIMIT_NOFILE, &before) != 0 || before.rlim_cur >= limits::agent_descriptors)
        return before;
    rlimit limit = before;
    limit.rlim_cur = limits::agent_descriptors;
    if (limit.rlim_max < limit.rlim_cur) limit.rlim_max = limit.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        warn("raise", "the limit of open files", system_error(errno));
    return before;
}

}  // namespace pronto::agent
