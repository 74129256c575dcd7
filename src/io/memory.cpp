// SPDX-License-Identifier: Apache-2.0
#include "io/memory.hpp"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/units.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {

Bytes reserve(std::size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return {};
    return {static_cast<std::uint8_t*>(memory), bytes};
}

void give_back_pages(Bytes range) {
    const auto begin = reinterpret_cast<std::uintptr_t>(range.data());
    const std::uintptr_t first = align_up(begin, page_bytes);
    const std::uintptr_t last = (begin + range.size()) & ~(page_bytes - 1);
    // Advice that the kernel does not take costs memory, never correctness.
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

Status map_mirrored(std::size_t bytes, int fd, Bytes& out) {
    PRONTO_ASSERT(is_power_of_two(bytes));
    PRONTO_ASSERT(bytes % page_bytes == 0);
    OwnedFd own;
    if (fd < 0) {
        own = OwnedFd(memfd_create("pronto-ring", MFD_CLOEXEC));
        if (!own.valid()) return system_error(errno);
        if (ftruncate(own.get(), static_cast<off_t>(bytes)) != 0) return system_error(errno);
        fd = own.get();
    }
    void* area =
        mmap(nullptr, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) return system_error(errno);
    auto* base = static_cast<std::uint8_t*>(area);
    for (std::uint8_t* half : {base, base + bytes}) {
        if (mmap(half, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
            MAP_FAILED) {
            const int error = errno;
            munmap(area, 2 * bytes);
            return system_error(error);
        }
    }
    out = {base, bytes};
    return {};
}

void unmap_mirrored(Bytes first_copy) {
    if (!first_copy.empty()) munmap(first_copy.data(), 2 * first_copy.size());
}

}  // namespace pronto::io
