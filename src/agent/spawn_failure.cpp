// SPDX-License-Identifier: Apache-2.0
// Names for what went wrong: stages and errnos.
#include <errno.h>

#include <array>

#include "agent/spawn.hpp"

namespace pronto::agent {

std::string_view name(SpawnStage stage) {
    switch (stage) {
        case SpawnStage::prepare: return "prepare";
        case SpawnStage::clone: return "clone";
        case SpawnStage::session: return "setsid";
        case SpawnStage::terminal: return "ctty";
        case SpawnStage::stdio: return "stdio";
        case SpawnStage::chdir: return "chdir";
        case SpawnStage::groups: return "setgroups";
        case SpawnStage::gid: return "setgid";
        case SpawnStage::uid: return "setuid";
        case SpawnStage::rlimit: return "setrlimit";
        case SpawnStage::exec: return "execve";
        case SpawnStage::done: return "done";
    }
    PRONTO_UNREACHABLE();
}

std::string_view errno_name(std::int32_t number) {
    struct Row {
        std::int32_t number;
        std::string_view name;
    };
    static constexpr auto rows = std::to_array<Row>({
        {E2BIG, "E2BIG"},     {EACCES, "EACCES"},   {EAGAIN, "EAGAIN"},
        {EBADF, "EBADF"},     {EBUSY, "EBUSY"},     {EEXIST, "EEXIST"},
        {EFAULT, "EFAULT"},   {EFBIG, "EFBIG"},     {EINVAL, "EINVAL"},
        {EIO, "EIO"},         {EISDIR, "EISDIR"},   {ELIBBAD, "ELIBBAD"},
        {ELOOP, "ELOOP"},     {EMFILE, "EMFILE"},   {ENAMETOOLONG, "ENAMETOOLONG"},
        {ENFILE, "ENFILE"},   {ENOBUFS, "ENOBUFS"}, {ENODEV, "ENODEV"},
        {ENOENT, "ENOENT"},   {ENOEXEC, "ENOEXEC"}, {ENOMEM, "ENOMEM"},
        {ENOSPC, "ENOSPC"},   {ENOSYS, "ENOSYS"},   {ENOTDIR, "ENOTDIR"},
        {ENOTTY, "ENOTTY"},   {ENXIO, "ENXIO"},     {EPERM, "EPERM"},
        {EPIPE, "EPIPE"},     {EROFS, "EROFS"},     {ESRCH, "ESRCH"},
        {ETXTBSY, "ETXTBSY"},
    });
    for (const Row& row : rows) {
        if (row.number == number) return row.name;
    }
    return {};
}

}  // namespace pronto::agent
