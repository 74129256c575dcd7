// SPDX-License-Identifier: Apache-2.0
// The root file system of a guest that was given none: busybox under all its names, and the few
// files programs expect. As data, so that it can become a directory or an archive.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace pronto::cli {

struct TreeEntry {
    enum class Kind : unsigned char { directory, file, link, character_device };
    Kind kind = Kind::file;
    std::string path;     ///< without a leading slash
    mode_t mode = 0644;   ///< permission bits
    std::string content;  ///< of a file; of a link its target
    dev_t device = 0;
    uid_t user = 0;
    gid_t group = 0;
};

/// Parents come before what is in them. Throws when busybox is not installed.
std::vector<TreeEntry> busybox_tree();

/// The nodes of /dev that every program may expect, relative to /dev.
std::vector<TreeEntry> device_tree();

/// Makes the entries below `directory`, which exists. Throws.
void write_tree(const std::vector<TreeEntry>& tree, const std::string& directory);

}  // namespace pronto::cli
