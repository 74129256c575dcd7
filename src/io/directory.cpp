// SPDX-License-Identifier: Apache-2.0
#include "io/directory.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pronto::io {

namespace {
// The kernel's linux_dirent64; the name follows, terminated.
struct Entry {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t record_bytes;
    std::uint8_t type;
};
constexpr std::size_t name_offset = 19;
}  // namespace

Status DirectoryReader::open(const char* path) {
    fd_ = OwnedFd(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd_.valid() ? Status{} : system_error(errno);
}

std::string_view DirectoryReader::next() {
    for (;;) {
        if (position_ >= filled_) {
            const long count = syscall(SYS_getdents64, fd_.get(), buffer_.data(), buffer_.size());
            if (count <= 0) return {};
            filled_ = static_cast<std::size_t>(count);
            position_ = 0;
        }
        Entry entry;
        memcpy(&entry, buffer_.data() + position_, name_offset);
        const std::string_view name(buffer_.data() + position_ + name_offset);
        position_ += entry.record_bytes;
        if (name != "." && name != "..") return name;
    }
}

bool join_path(std::span<char> out, std::initializer_list<std::string_view> parts) {
    std::size_t used = 0;
    for (const std::string_view part : parts) {
        const bool slash = used > 0;
        if (used + slash + part.size() + 1 > out.size()) return false;
        if (slash) out[used++] = '/';
        memcpy(out.data() + used, part.data(), part.size());
        used += part.size();
    }
    out[used] = '\0';
    return true;
}

}  // namespace pronto::io
