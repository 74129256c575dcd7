// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/isolation.hpp"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pronto::test {

namespace {

void must(bool done, const char* what) {
    if (done) return;
    dprintf(2, "isolation: %s: %s\n", what, strerror(errno));
    _exit(98);
}

void make_device(const std::string& path, unsigned major, unsigned minor) {
    must(mknod(path.c_str(), S_IFCHR | 0666, makedev(major, minor)) == 0, path.c_str());
    must(chmod(path.c_str(), 0666) == 0, "chmod a device");
}

void bind_self(const std::string& path) {
    std::ofstream(path) << "";
    // By its name: the link leads to a mount of the namespace that was left.
    std::error_code error;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
    must(mount(self.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0, path.c_str());
}

/// Puts `content` in place of a file of the read-only root.
void replace_file(const std::string& root, const std::string& path, const std::string& content) {
    if (content.empty()) return;
    std::string copy = root + "/mnt/." + path.substr(path.rfind('/') + 1);
    std::ofstream(copy) << content;
    must(mount(copy.c_str(), (root + path).c_str(), nullptr, MS_BIND, nullptr) == 0, path.c_str());
}

}  // namespace

pid_t fork_isolated() {
    clone_args arguments{};
    arguments.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
    arguments.exit_signal = SIGCHLD;
    return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

void enter_small_root(const SmallRoot& small) {
    must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "detach from mounts");
    const std::string& root = small.stage;
    must(mount("/", root.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind /");
    must(mount("tmpfs", (root + "/dev").c_str(), "tmpfs", 0, "mode=755") == 0, "mount /dev");
    must(mount("tmpfs", (root + "/mnt").c_str(), "tmpfs", 0, "mode=777") == 0, "mount /mnt");
    make_device(root + "/dev/null", 1, 3);
    make_device(root + "/dev/zero", 1, 5);
    make_device(root + "/dev/urandom", 1, 9);
    make_device(root + "/dev/tty", 5, 0);
    bind_self(root + programs_path);
    replace_file(root, "/etc/passwd", small.passwd);
    replace_file(root, "/etc/group", small.group);
    must(mount(nullptr, root.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0,
         "make / read-only");
    must(chdir(root.c_str()) == 0, "enter the root");
    must(syscall(SYS_pivot_root, ".", ".") == 0, "change the root");
    must(umount2(".", MNT_DETACH) == 0, "leave the old root");
    must(chdir("/") == 0, "enter /");
}

}  // namespace pronto::test
