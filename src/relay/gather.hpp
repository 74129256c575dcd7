// SPDX-License-Identifier: Apache-2.0
// A bounded list of byte runs that go out in one send. Neighbouring runs become one. The bytes are
// the caller's and stay where they are until the send is settled. One thread.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

#include "core/bytes.hpp"

namespace pronto::relay {

template <std::uint32_t parts_max>
class Gather {
  public:
    bool empty() const { return first_ == count_; }
    std::size_t bytes() const { return bytes_; }

    /// False when there is no part left and `run` does not continue the last one.
    [[nodiscard]] bool try_push(ByteView run) {
        if (run.empty()) return true;
        if (!empty() && end_of(parts_[count_ - 1]) == run.data()) {
            parts_[count_ - 1].iov_len += run.size();
        } else {
            if (count_ == parts_max) return false;
            // The kernel only reads; its type has no const.
            parts_[count_++] = {const_cast<std::uint8_t*>(run.data()), run.size()};
        }
        bytes_ += run.size();
        return true;
    }
    void push(ByteView run) {
        const bool pushed = try_push(run);
        PRONTO_ASSERT(pushed);
    }

    /// Drops the first `byte_count` bytes, after calling `sent` with each run of them.
    template <typename Sent>
    void advance(std::size_t byte_count, Sent sent) {
        PRONTO_ASSERT(byte_count <= bytes_);
        bytes_ -= byte_count;
        while (byte_count > 0) {
            iovec& part = parts_[first_];
            const std::size_t taken = byte_count < part.iov_len ? byte_count : part.iov_len;
            auto* from = static_cast<std::uint8_t*>(part.iov_base);
            sent(ByteView(from, taken));
            part.iov_base = from + taken;
            part.iov_len -= taken;
            byte_count -= taken;
            if (part.iov_len == 0) ++first_;
        }
        if (bytes_ == 0) clear();
    }

    void clear() {
        first_ = 0;
        count_ = 0;
        bytes_ = 0;
    }

    std::span<const iovec> parts() const { return {parts_.data() + first_, count_ - first_}; }
    /// Stays valid until the next call.
    const msghdr* message() {
        message_ = {};
        message_.msg_iov = parts_.data() + first_;
        message_.msg_iovlen = count_ - first_;
        return &message_;
    }

  private:
    static const std::uint8_t* end_of(const iovec& part) {
        return static_cast<const std::uint8_t*>(part.iov_base) + part.iov_len;
    }

    std::array<iovec, parts_max> parts_;
    msghdr message_;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace pronto::relay
