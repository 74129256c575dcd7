// SPDX-License-Identifier: Apache-2.0
#include "cli/initramfs.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/cli/scripted_guest.hpp"

namespace pronto::cli {
namespace {

using Kind = TreeEntry::Kind;

struct Unpacked {
    std::uint32_t mode = 0;
    std::uint32_t device_minor = 0;
    std::string content;
};

std::uint32_t field(const std::string& archive, std::size_t header, std::size_t index) {
    return static_cast<std::uint32_t>(
        std::stoul(archive.substr(header + 6 + 8 * index, 8), nullptr, 16));
}

/// Reads an archive as the kernel does.
std::map<std::string, Unpacked> unpack(const std::string& archive) {
    std::map<std::string, Unpacked> entries;
    std::size_t at = 0;
    for (;;) {
        if (archive.compare(at, 6, "070701") != 0)
            throw std::runtime_error("no header at " + std::to_string(at));
        const std::size_t content_bytes = field(archive, at, 6);
        const std::size_t name_bytes = field(archive, at, 11);
        const std::string name = archive.substr(at + 110, name_bytes - 1);
        const std::size_t content = (at + 110 + name_bytes + 3) / 4 * 4;
        if (name == "TRAILER!!!") return entries;
        entries[name] = {field(archive, at, 1), field(archive, at, 10),
                         archive.substr(content, content_bytes)};
        at = (content + content_bytes + 3) / 4 * 4;
    }
}

TEST(Initramfs, EntriesOfEveryKindAreReadBack) {
    const auto entries =
        unpack(archive({{Kind::directory, "etc", 0755, {}},
                        {Kind::file, "etc/name", 0644, "odd"},
                        {Kind::link, "bin", 0777, "usr/bin"},
                        {Kind::file, "empty", 0600, {}},
                        {Kind::character_device, "dev/console", 0600, {}, makedev(5, 1)}}));
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_EQ(entries.at("etc").mode, S_IFDIR | 0755U);
    EXPECT_EQ(entries.at("etc/name").mode, S_IFREG | 0644U);
    EXPECT_EQ(entries.at("etc/name").content, "odd");
    EXPECT_EQ(entries.at("bin").mode, S_IFLNK | 0777U);
    EXPECT_EQ(entries.at("bin").content, "usr/bin");
    EXPECT_EQ(entries.at("dev/console").device_minor, 1U);
}

TEST(Initramfs, BytesAreAlignedWhateverTheLengths) {
    for (std::size_t name_bytes = 1; name_bytes < 9; ++name_bytes) {
        for (std::size_t content_bytes = 0; content_bytes < 9; ++content_bytes) {
            const std::string name(name_bytes, 'n');
            const std::string content(content_bytes, 'c');
            EXPECT_EQ(unpack(archive({{Kind::file, name, 0644, content}})).at(name).content,
                      content);
        }
    }
}

TEST(Initramfs, DefaultTreeHasAShellAndTheFilesOfUsers) {
    const auto entries = unpack(archive(busybox_tree()));
    EXPECT_EQ(entries.at("bin/sh").content, "busybox");
    EXPECT_GT(entries.at("bin/busybox").content.size(), 500'000U);
    EXPECT_EQ(entries.at("tmp").mode, S_IFDIR | 01777U);
    EXPECT_EQ(entries.at("root").mode, S_IFDIR | 0700U);
    EXPECT_NE(entries.at("etc/passwd").content.find("root:x:0:0"), std::string::npos);
    EXPECT_NE(entries.at("etc/group").content.find("root:x:0:"), std::string::npos);
}

TEST(Initramfs, ParentsComeFirst) {
    std::set<std::string> seen{""};
    for (const TreeEntry& entry : busybox_tree()) {
        EXPECT_TRUE(seen.contains(std::filesystem::path(entry.path).parent_path())) << entry.path;
        EXPECT_TRUE(seen.insert(entry.path).second) << entry.path;
    }
}

}  // namespace
}  // namespace pronto::cli
