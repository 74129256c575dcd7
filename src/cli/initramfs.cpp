// SPDX-License-Identifier: Apache-2.0
#include "cli/initramfs.hpp"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/state.hpp"
#include "core/units.hpp"

namespace pronto::cli {

namespace {

namespace fs = std::filesystem;
using Kind = TreeEntry::Kind;

constexpr std::size_t archive_bytes_max = 2048 * MiB;
constexpr std::size_t alignment = 4;

mode_t type_of(Kind kind) {
    switch (kind) {
        case Kind::directory: return S_IFDIR;
        case Kind::file: return S_IFREG;
        case Kind::link: return S_IFLNK;
        case Kind::character_device: return S_IFCHR;
    }
    PRONTO_UNREACHABLE();
}

void pad(std::string& out) { out.append(align_up(out.size(), alignment) - out.size(), '\0'); }

void append_entry(std::string& out, const TreeEntry& entry, std::size_t number) {
    // Fields in order: inode, mode, uid, gid, links, mtime, bytes, device, device of the node,
    // bytes of the name, check.
    out += fmt::format(
        "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
        number, entry.mode | type_of(entry.kind), entry.user, entry.group, 1, 0,
        entry.content.size(), 0, 0, major(entry.device), minor(entry.device), entry.path.size() + 1,
        0);
    out += entry.path;
    out += '\0';
    pad(out);
    out += entry.content;
    pad(out);
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open()) fail_errno(fmt::format("read {}", path.native()));
    return content;
}

TreeEntry read_entry(const fs::path& path, const std::string& name) {
    struct stat found;
    if (lstat(path.c_str(), &found) != 0) fail_errno(fmt::format("read {}", path.native()));
    constexpr mode_t permissions = 07777;
    TreeEntry entry{Kind::file, name, found.st_mode & permissions, {}};
    entry.user = found.st_uid;
    entry.group = found.st_gid;
    if (S_ISDIR(found.st_mode)) entry.kind = Kind::directory;
    if (S_ISLNK(found.st_mode)) entry.kind = Kind::link;
    if (S_ISCHR(found.st_mode)) entry.kind = Kind::character_device;
    if (S_ISCHR(found.st_mode)) entry.device = found.st_rdev;
    if (S_ISLNK(found.st_mode)) entry.content = fs::read_symlink(path);
    if (S_ISREG(found.st_mode)) entry.content = read_file(path);
    return entry;
}

std::vector<TreeEntry> read_directory(const std::string& root) {
    std::vector<TreeEntry> tree;
    std::size_t bytes = 0;
    std::error_code error;
    fs::recursive_directory_iterator entries(root, error);
    if (error)
        fail(fmt::format("cannot read {}: {}", root, error.message()),
             "--rootfs takes a directory");
    for (const fs::directory_entry& found : entries) {
        const bool special =
            found.is_socket(error) || found.is_fifo(error) || found.is_block_file(error);
        if (special) continue;
        tree.push_back(read_entry(found.path(), found.path().lexically_relative(root)));
        bytes += tree.back().content.size();
        if (bytes > archive_bytes_max) {
            fail(fmt::format("{} is larger than 2 GiB, too much for a root file system in memory",
                             root));
        }
    }
    std::sort(tree.begin(), tree.end(),
              [](const auto& left, const auto& right) { return left.path < right.path; });
    return tree;
}

// A second run that makes the same file at the same time is no harm: each gives its own the name
// when it is complete.
void write_file(const fs::path& path, const std::string& content) {
    const fs::path next = fmt::format("{}.{}", path.native(), getpid());
    std::ofstream file(next, std::ios::binary);
    file << content;
    file.close();
    std::error_code error;
    if (file) fs::rename(next, path, error);
    if (!file || error) {
        fs::remove(next, error);
        fail(fmt::format("cannot write {}", path.native()), "is the disk full?");
    }
}

}  // namespace

std::string archive(const std::vector<TreeEntry>& tree) {
    std::string out;
    std::size_t number = 0;
    for (const TreeEntry& entry : tree)
        append_entry(out, entry, ++number);
    append_entry(out, {Kind::file, "TRAILER!!!", 0, {}}, 0);
    return out;
}

std::string cached_initramfs(const std::string& agent, const std::string& rootfs) {
    std::vector<TreeEntry> tree = rootfs.empty() ? busybox_tree() : read_directory(rootfs);
    std::erase_if(tree, [](const TreeEntry& entry) { return entry.path == "init"; });
    tree.push_back({Kind::file, "init", 0755, read_file(agent)});
    // Before the agent has mounted anything, the kernel gives it this one as its standard streams.
    if (rootfs.empty())
        tree.push_back({Kind::character_device, "dev/console", 0600, {}, makedev(5, 1)});
    const std::string content = archive(tree);
    const fs::path directory = state_directory() / "cache";
    std::error_code error;
    fs::create_directories(directory, error);
    const fs::path path =
        directory / fmt::format("initramfs-{:016x}.cpio", std::hash<std::string_view>{}(content));
    if (fs::file_size(path, error) != content.size() || error) write_file(path, content);
    return path;
}

}  // namespace pronto::cli
