// SPDX-License-Identifier: Apache-2.0
#include "cli/state.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/failure.hpp"

namespace pronto::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_bytes_max = 63;
constexpr std::size_t socket_path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
constexpr const char* lock_name = "lock";

fs::path chosen_state_directory() {
    const auto variable = [](const char* name) {
        const char* value = getenv(name);
        return fs::path(value == nullptr ? "" : value);
    };
    if (const fs::path own = variable("PRONTO_STATE_DIR"); !own.empty()) return fs::absolute(own);
    if (const fs::path runtime = variable("XDG_RUNTIME_DIR"); !runtime.empty())
        return runtime / "pronto";
    if (geteuid() == 0) return "/run/pronto";
    const fs::path home = variable("HOME");
    if (home.empty()) {
        fail("there is no directory for the state of guests: HOME and XDG_RUNTIME_DIR are not set",
             "set PRONTO_STATE_DIR to a directory of yours");
    }
    return home / ".local/state/pronto";
}

}  // namespace

fs::path state_directory() {
    fs::path path = chosen_state_directory();
    std::error_code error;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    // Whoever can write here can make us run anything, so it is ours alone.
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        fail(fmt::format("cannot create the state directory {}: {}", path.native(),
                         strerrordesc_np(errno)),
             "set PRONTO_STATE_DIR to a directory you can write to");
    }
    struct stat found;
    if (stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != geteuid()) {
        fail(fmt::format("the state directory {} is not a directory of yours", path.native()),
             "remove it, or set PRONTO_STATE_DIR to another one");
    }
    constexpr mode_t writable_by_others = 022;
    if ((found.st_mode & writable_by_others) != 0) {
        fail(fmt::format("others can write to the state directory {}", path.native()),
             "whoever can write there can make you run anything: chmod go-w, or set "
             "PRONTO_STATE_DIR");
    }
    return path;
}

bool is_guest_name(std::string_view name) {
    constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::string_view others = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (name.empty() || name.size() > name_bytes_max) return false;
    return first.find(name.front()) != std::string_view::npos &&
           name.find_first_not_of(others) == std::string_view::npos;
}

GuestDirectory::GuestDirectory(std::string_view name) : name_(name) {
    if (!is_guest_name(name)) {
        fail(fmt::format("\"{}\" is no name for a guest", name),
             "names are 1 to 63 of a-z 0-9 _ . - and begin with a letter or digit");
    }
    path_ = state_directory() / "guests" / name_;
    if (socket_path().size() > socket_path_bytes_max) {
        fail(fmt::format("the path of the guest's socket is {} bytes long, the system takes {}: {}",
                         socket_path().size(), socket_path_bytes_max, socket_path()),
             "set PRONTO_STATE_DIR to a directory with a shorter path, or choose a shorter name");
    }
}

bool GuestDirectory::exists() const {
    std::error_code error;
    return fs::is_directory(path_, error);
}

void GuestDirectory::remove() const {
    std::error_code error;
    fs::remove_all(path_, error);
    if (error) fail(fmt::format("cannot remove {}: {}", path_.native(), error.message()));
}

std::vector<std::string> guest_names() {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(state_directory() / "guests", error)) {
        const std::string name = entry.path().filename();
        if (is_guest_name(name) && entry.is_directory(error)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<GuestLock> GuestLock::take(const GuestDirectory& guest, int open_flags) {
    // The directory may be removed, lock and all, between our open and our lock; then what we hold
    // is nothing.
    constexpr int attempts_max = 16;
    const fs::path path = guest.path() / lock_name;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        std::error_code error;
        if ((open_flags & O_CREAT) != 0) fs::create_directories(guest.path(), error);
        io::OwnedFd fd(::open(path.c_str(), open_flags | O_RDWR | O_CLOEXEC, 0600));
        if (!fd.valid() && errno == ENOENT) {
            if ((open_flags & O_CREAT) == 0) return {};
            continue;
        }
        if (!fd.valid()) fail_errno(fmt::format("open {}", path.native()));
        if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            fail(fmt::format("another command is starting or stopping the guest \"{}\"",
                             guest.name()),
                 "wait for it to end, then try again");
        }
        struct stat locked;
        struct stat named;
        const bool same = fstat(fd.get(), &locked) == 0 && stat(path.c_str(), &named) == 0 &&
                          locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
        if (same) return GuestLock(std::move(fd));
    }
    fail(fmt::format("cannot lock {}", path.native()),
         "other commands keep starting and stopping this guest");
}

GuestLock GuestLock::create(const GuestDirectory& guest) { return *take(guest, O_CREAT); }

std::optional<GuestLock> GuestLock::open(const GuestDirectory& guest) { return take(guest, 0); }

bool GuestLock::is_held(const GuestDirectory& guest) {
    const fs::path path = guest.path() / lock_name;
    const io::OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return fd.valid() && flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace pronto::cli
