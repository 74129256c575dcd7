// SPDX-License-Identifier: Apache-2.0
// The same memory twice in a row, for tests of rings. (The layer that maps it for the programs is
// above core.)
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "core/bytes.hpp"

namespace pronto::test {

class MirroredMemory {
  public:
    explicit MirroredMemory(std::size_t byte_count) : byte_count_(byte_count) {
        const int fd = memfd_create("ring-test", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, static_cast<off_t>(byte_count)) != 0)
            throw std::runtime_error("memfd");
        void* area = mmap(nullptr, 2 * byte_count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED) throw std::runtime_error("mmap");
        first_ = static_cast<std::uint8_t*>(area);
        for (std::uint8_t* half : {first_, first_ + byte_count}) {
            if (mmap(half, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
                MAP_FAILED) {
                throw std::runtime_error("mmap");
            }
        }
        close(fd);
    }
    MirroredMemory(const MirroredMemory&) = delete;
    MirroredMemory& operator=(const MirroredMemory&) = delete;
    ~MirroredMemory() { munmap(first_, 2 * byte_count_); }

    Bytes bytes() const { return {first_, byte_count_}; }

  private:
    std::uint8_t* first_ = nullptr;
    std::size_t byte_count_;
};

}  // namespace pronto::test
