// SPDX-License-Identifier: Apache-2.0
// How frame ids are dealt to clients. Format: docs/WIRE.md section 4. Pure.
#pragma once

#include "core/bytes.hpp"
#include "relay/options.hpp"

namespace pronto::relay {

class IdRanges {
  public:
    explicit IdRanges(Greeting greeting = Greeting::range)
        : greeting_(greeting),
          count_(greeting == Greeting::range ? clients_max : clients_max_legacy),
          step_(0xffff'ffff / count_) {}

    std::uint32_t count() const { return count_; }
    /// First id of a slot.
    std::uint32_t start(std::uint32_t slot) const { return slot * step_ + 1; }
    std::uint32_t end_exclusive(std::uint32_t slot) const { return (slot + 1) * step_; }
    bool holds(std::uint32_t slot, std::uint32_t id) const {
        return id >= start(slot) && id < end_exclusive(slot);
    }

    /// The id just past a slot's range belongs to no client. A frame with it can only answer the
    /// relay.
    std::uint32_t fence(std::uint32_t slot) const { return end_exclusive(slot); }

    /// The slot whose range, fence included, holds `id`; `count()` or more when there is none.
    /// Precondition: id ≠ 0.
    std::uint32_t slot_of(std::uint32_t id) const {
        PRONTO_DASSERT(id != 0);
        return (id - 1) / step_;
    }

    /// What comes before the ready frame: the count of bytes written.
    static constexpr std::size_t greeting_bytes_max = 8;
    std::size_t write_greeting(std::uint32_t slot,
                               std::span<std::uint8_t, greeting_bytes_max> out) const {
        if (greeting_ == Greeting::legacy) {
            store_be(out.data(), slot * step_);
            return 4;
        }
        store_be(out.data(), start(slot));
        store_be(out.data() + 4, end_exclusive(slot));
        return 8;
    }

  private:
    Greeting greeting_;
    std::uint32_t count_;
    std::uint32_t step_;
};

}  // namespace pronto::relay
