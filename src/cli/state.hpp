// SPDX-License-Identifier: Apache-2.0
// Where guests are kept: one directory for this user, and in it one for each guest. Names, paths
// and locks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/owned_fd.hpp"

namespace pronto::cli {

/// $PRONTO_STATE_DIR, else $XDG_RUNTIME_DIR/pronto, else /run/pronto for root, else
/// ~/.local/state/pronto.
std::filesystem::path state_directory();

/// [a-z0-9][a-z0-9_.-]{0,62}
bool is_guest_name(std::string_view name);

/// The files of one guest. Making one checks the name, and that a socket's path in it is short
/// enough.
class GuestDirectory {
  public:
    explicit GuestDirectory(std::string_view name);

    const std::string& name() const { return name_; }
    const std::filesystem::path& path() const { return path_; }
    std::string socket_path() const { return path_ / "agent.sock"; }
    std::string record_path() const { return path_ / "meta.json"; }
    std::string console_log() const { return path_ / "console.log"; }
    std::string relay_log() const { return path_ / "relay.log"; }

    bool exists() const;
    /// Removes it and what is in it. The caller holds its lock.
    void remove() const;

  private:
    std::string name_;
    std::filesystem::path path_;
};

/// Names of the guests there are, alive or not, sorted.
std::vector<std::string> guest_names();

/// Held by whoever starts or stops a guest. The lock is on a file in its directory, so it goes away
/// with it.
class GuestLock {
  public:
    /// Makes the directory where there is none. Throws when another command is at it.
    static GuestLock create(const GuestDirectory& guest);
    /// Empty when there is no such guest.
    static std::optional<GuestLock> open(const GuestDirectory& guest);
    /// Whether another command holds it now.
    static bool is_held(const GuestDirectory& guest);

  private:
    explicit GuestLock(io::OwnedFd fd) : fd_(std::move(fd)) {}
    static std::optional<GuestLock> take(const GuestDirectory& guest, int open_flags);
    io::OwnedFd fd_;
};

}  // namespace pronto::cli
