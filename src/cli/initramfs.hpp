// SPDX-License-Identifier: Apache-2.0
// The archive a kernel unpacks as its first root file system: cpio in the "newc" form, written
// here, with no tool.
#pragma once

#include <string>
#include <vector>

#include "cli/root_tree.hpp"

namespace pronto::cli {

/// The bytes of an archive of these entries.
std::string archive(const std::vector<TreeEntry>& tree);

/// The path of an archive with `agent` as /init over `rootfs`, or over busybox when that is empty.
/// Kept in the state directory under the hash of its content, and made only once. Throws.
std::string cached_initramfs(const std::string& agent, const std::string& rootfs);

}  // namespace pronto::cli
