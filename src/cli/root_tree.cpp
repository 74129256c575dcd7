// SPDX-License-Identifier: Apache-2.0
#include "cli/root_tree.hpp"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "cli/failure.hpp"

namespace pronto::cli {

namespace {

using Kind = TreeEntry::Kind;

constexpr std::array busybox_places{"/bin/busybox", "/usr/bin/busybox", "/sbin/busybox"};

// Those a shell user, a test or a demonstration reaches for; busybox itself has the rest, as
// `busybox NAME`.
constexpr std::string_view applets =
    "[ ash awk basename cat chgrp chmod chown chroot clear cmp cp cut date dd df diff dirname "
    "dmesg du echo egrep env "
    "expr false fgrep find free fold grep groups gunzip gzip head hexdump hostname id ifconfig "
    "install ip kill killall "
    "less link ln ls lsof md5sum mkdir mkfifo mknod mktemp more mount mv nc netstat nice nohup "
    "nproc od paste pgrep "
    "pidof ping pkill printenv printf ps pstree pwd readlink realpath renice reset rm rmdir route "
    "sed seq setsid sh "
    "sha1sum sha256sum sleep sort split stat stty su sync sysctl tac tail tar tee test time "
    "timeout top touch tr true "
    "truncate tty umount uname uniq unlink uptime usleep vi watch wc wget which whoami xargs xxd "
    "yes zcat";

constexpr std::array directories{"bin",  "dev",     "etc",      "home", "proc",
                                 "root", "run",     "sbin",     "sys",  "tmp",
                                 "usr",  "usr/bin", "usr/sbin", "var",  "var/tmp"};

constexpr const char* passwd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "daemon:x:1:1:daemon:/:/bin/false\n"
    "user:x:1000:1000:user:/home:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n";
constexpr const char* group = "root:x:0:\ndaemon:x:1:\ntty:x:5:\nuser:x:1000:\nnogroup:x:65534:\n";

std::string read_busybox() {
    for (const char* path : busybox_places) {
        std::ifstream file(path, std::ios::binary);
        std::string content{std::istreambuf_iterator<char>(file), {}};
        if (!content.empty()) return content;
    }
    fail("there is no busybox on this machine to make a root file system of",
         "install the package busybox-static, or give --rootfs DIR");
}

mode_t mode_of(std::string_view directory) {
    constexpr mode_t open_to_all = 01777;
    if (directory == "tmp" || directory == "var/tmp") return open_to_all;
    return directory == "root" ? 0700 : 0755;
}

TreeEntry device(const char* name, unsigned major_number, unsigned minor_number) {
    return {Kind::character_device, name, 0666, {}, makedev(major_number, minor_number)};
}

bool make_entry(const TreeEntry& entry, const std::string& path) {
    switch (entry.kind) {
        // What is there already is kept: a directory may hold something, a device may be in use.
        case Kind::directory:
            return (mkdir(path.c_str(), entry.mode) == 0 && chmod(path.c_str(), entry.mode) == 0) ||
                   errno == EEXIST;
        case Kind::link:
            return symlink(entry.content.c_str(), path.c_str()) == 0 || errno == EEXIST;
        case Kind::character_device:
            // The mask would take bits away, so the mode is set once more.
            return mknod(path.c_str(), S_IFCHR | entry.mode, entry.device) == 0 &&
                   chmod(path.c_str(), entry.mode) == 0;
        case Kind::file: break;
    }
    std::ofstream file(path, std::ios::binary);
    file << entry.content;
    file.close();
    return file && chmod(path.c_str(), entry.mode) == 0;
}

}  // namespace

std::vector<TreeEntry> busybox_tree() {
    std::vector<TreeEntry> tree;
    tree.reserve(256);
    for (const char* path : directories)
        tree.push_back({Kind::directory, path, mode_of(path), {}});
    tree.push_back({Kind::file, "bin/busybox", 0755, read_busybox()});
    std::string_view rest = applets;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        tree.push_back({Kind::link, fmt::format("bin/{}", rest.substr(0, end)), 0777, "busybox"});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    tree.push_back({Kind::file, "etc/passwd", 0644, passwd});
    tree.push_back({Kind::file, "etc/group", 0644, group});
    tree.push_back({Kind::file, "etc/hosts", 0644, "127.0.0.1 localhost\n::1 localhost\n"});
    tree.push_back({Kind::file, "etc/profile", 0644, "export PS1='\\h:\\w\\$ '\n"});
    return tree;
}

std::vector<TreeEntry> device_tree() {
    return {device("null", 1, 3),
            device("zero", 1, 5),
            device("full", 1, 7),
            device("random", 1, 8),
            device("urandom", 1, 9),
            device("tty", 5, 0),
            {Kind::directory, "pts", 0755, {}},
            {Kind::directory, "shm", 01777, {}},
            {Kind::link, "ptmx", 0777, "pts/ptmx"},
            {Kind::link, "fd", 0777, "/proc/self/fd"},
            {Kind::link, "stdin", 0777, "/proc/self/fd/0"},
            {Kind::link, "stdout", 0777, "/proc/self/fd/1"},
            {Kind::link, "stderr", 0777, "/proc/self/fd/2"}};
}

void write_tree(const std::vector<TreeEntry>& tree, const std::string& directory) {
    for (const TreeEntry& entry : tree) {
        const std::string path = fmt::format("{}/{}", directory, entry.path);
        if (!make_entry(entry, path))
            fail_errno(fmt::format("make {} of the guest's root", entry.path));
    }
}

}  // namespace pronto::cli
