// SPDX-License-Identifier: Apache-2.0
#include "cli/namespace_backend.hpp"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/root_tree.hpp"

namespace pronto::cli {

namespace {

constexpr std::uint64_t namespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;

void mount_or_fail(const char* type, const std::string& target, unsigned long flags,
                   const std::string& data) {
    if (mount(type, target.c_str(), type, flags, data.empty() ? nullptr : data.c_str()) != 0) {
        fail_errno(fmt::format("mount {} on {}", type, target));
    }
}

void make_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) fail_errno(fmt::format("make {}", path));
}

// The user's directory stays as it is: what the guest writes goes to memory laid over it. Where the
// kernel has no overlay, the directory is there read-only.
void mount_root_of(const std::string& rootfs, const std::string& stage) {
    const std::string layers = stage + "/layers";
    const std::string root = stage + "/root";
    make_directory(layers);
    make_directory(root);
    mount_or_fail("tmpfs", layers, 0, "mode=0755");
    make_directory(layers + "/upper");
    make_directory(layers + "/work");
    const bool has_separator = rootfs.find_first_of(",:\\") != std::string::npos;
    const std::string data =
        fmt::format("lowerdir={},upperdir={}/upper,workdir={}/work", rootfs, layers, layers);
    if (!has_separator && mount("overlay", root.c_str(), "overlay", 0, data.c_str()) == 0) return;
    if (mount(rootfs.c_str(), root.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        fail_errno(fmt::format("bind {}", rootfs));
    }
    if (mount(nullptr, root.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
        fail_errno(fmt::format("make {} read-only", rootfs));
    }
}

void prepare_root(const GuestOptions& options, const std::string& stage) {
    const std::string root = stage + "/root";
    if (!options.rootfs.empty()) {
        mount_root_of(options.rootfs, stage);
    } else {
        make_directory(root);
        mount_or_fail("tmpfs", root, 0, "mode=0755");
        write_tree(busybox_tree(), root);
    }
    for (const char* name : {"/dev", "/proc", "/sys", "/tmp", "/run"}) {
        // Reported where it matters: a read-only root without /dev cannot be completed.
        if (mkdir((root + name).c_str(), 0755) != 0 && errno != EEXIST) {
            fail(fmt::format("{} has no {}, and it cannot be made there: {}", options.rootfs, name,
                             strerrordesc_np(errno)),
                 "make the directory, or use a root file system that has it");
        }
    }
    mount_or_fail("tmpfs", root + "/dev", MS_NOSUID, "mode=0755");
    write_tree(device_tree(), root + "/dev");
}

void enter_root(const std::string& root) {
    if (chdir(root.c_str()) != 0) fail_errno(fmt::format("enter {}", root));
    // With both names the same the old root ends up on top of the new one, and is then taken off.
    if (syscall(SYS_pivot_root, ".", ".") != 0) fail_errno("change to the guest's root");
    if (umount2(".", MNT_DETACH) != 0) fail_errno("leave this machine's root");
    if (chdir("/") != 0) fail_errno("enter the guest's root");
}

// What would reach through the namespaces to the whole machine: its clock, its kernel, its
// hardware.
void drop_reach() {
    for (const int capability : {CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_RAWIO}) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail_errno("drop a capability");
    }
}

/// Runs in the child, in its namespaces.
void become_guest(const GuestOptions& options, const GuestDirectory& guest) {
    // First of all: nothing that is mounted from here on may show up on the host.
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        fail_errno("detach from the host's mounts");
    umask(022);
    // The stage is the guest's directory on the host, covered by memory that only this namespace
    // sees.
    const std::string stage = guest.path();
    mount_or_fail("tmpfs", stage, 0, "mode=0755");
    prepare_root(options, stage);
    enter_root(stage + "/root");
    (void)sethostname(guest.name().data(), guest.name().size());
    drop_reach();
}

/// A program that needs a loader can only run in a root that has it.
std::string loader_of(int fd) {
    Elf64_Ehdr header;
    if (pread(fd, &header, sizeof header, 0) != sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        fail("the agent is no ELF program");
    }
    for (unsigned index = 0; index < header.e_phnum; ++index) {
        Elf64_Phdr segment;
        const auto at = static_cast<off_t>(header.e_phoff + index * sizeof segment);
        if (pread(fd, &segment, sizeof segment, at) != sizeof segment) break;
        if (segment.p_type != PT_INTERP) continue;
        std::array<char, 256> path{};
        const std::size_t bytes = std::min<std::size_t>(segment.p_filesz, path.size() - 1);
        if (pread(fd, path.data(), bytes, static_cast<off_t>(segment.p_offset)) <= 0) break;
        return path.data();
    }
    return {};
}

void check_loader(const std::string& agent, int fd, const GuestOptions& options) {
    const std::string loader = loader_of(fd);
    if (loader.empty()) return;
    if (!options.rootfs.empty() && access((options.rootfs + loader).c_str(), X_OK) == 0) return;
    fail(fmt::format("the agent {} is linked dynamically and the guest's root has no {}", agent,
                     loader),
         "`ci/build` makes a static one; PRONTO_AGENT=PATH names it; or give --rootfs with the "
         "libraries, such as /");
}

}  // namespace

Process start_in_namespaces(const GuestOptions& options, const GuestDirectory& guest, int port_fd) {
    if (geteuid() != 0) fail("the namespace backend needs root", "use sudo, or --backend qemu");
    GuestOptions resolved = options;
    if (!options.rootfs.empty()) {
        std::error_code error;
        resolved.rootfs = std::filesystem::canonical(options.rootfs, error);
        if (error || !std::filesystem::is_directory(resolved.rootfs, error)) {
            fail(fmt::format("{} is not a directory", options.rootfs),
                 "--rootfs takes a root file system's directory");
        }
        if (resolved.rootfs == "/") resolved.rootfs = "/.";
    }
    const std::string agent = sibling_program("pronto-agent", "PRONTO_AGENT");
    const io::OwnedFd program(::open(agent.c_str(), O_RDONLY | O_CLOEXEC));
    if (!program.valid()) fail_errno(fmt::format("open {}", agent));
    check_loader(agent, program.get(), resolved);
    SpawnPlan plan;
    // It ends as a process: switching off, it would unmount and remount file systems that are the
    // host's.
    plan.argv = {"pronto-agent", "--port-fd", "3", "--exit"};
    plan.fds = {port_fd};
    plan.log_path = guest.console_log();
    plan.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "HOME=/root", "TERM=linux"};
    plan.executable_fd = program.get();
    plan.clone_flags = namespaces;
    plan.before_exec = [&] { become_guest(resolved, guest); };
    return spawn(plan);
}

}  // namespace pronto::cli
