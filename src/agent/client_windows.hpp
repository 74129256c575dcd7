// SPDX-License-Identifier: Apache-2.0
// How much output each relay client may have under way: a client that does not read stops its own
// programs, and nobody else's. Ranges as the relay deals them: docs/WIRE.md section 4. One thread.
#pragma once

#include <algorithm>
#include <array>

#include "core/limits.hpp"

namespace pronto::agent {

class ClientWindows {
  public:
    /// `window_bytes` 0: no limit, for hosts that return no credit.
    void reset(std::uint32_t window_bytes) {
        window_bytes_ = window_bytes;
        under_way_.fill(0);
    }
    bool limited() const { return window_bytes_ != 0; }
    bool open(std::uint32_t id) const {
        return window_bytes_ == 0 || under_way_[client_of(id)] < window_bytes_;
    }
    void sent(std::uint32_t id, std::size_t wire_bytes) {
        if (window_bytes_ != 0) under_way_[client_of(id)] += static_cast<std::uint32_t>(wire_bytes);
    }
    /// The relay credits every frame, we count output only: what is credited too much is not saved
    /// up.
    void credited(std::uint32_t id, std::uint32_t wire_bytes) {
        std::uint32_t& bytes = under_way_[client_of(id)];
        bytes -= std::min(bytes, wire_bytes);
    }
    void client_gone(std::uint32_t id) { under_way_[client_of(id)] = 0; }

  private:
    static constexpr std::uint32_t range_step = 0xffff'ffff / limits::clients_max;
    static std::uint32_t client_of(std::uint32_t id) {
        return id == 0 ? 0 : std::min((id - 1) / range_step, limits::clients_max - 1);
    }

    std::array<std::uint32_t, limits::clients_max> under_way_{};
    std::uint32_t window_bytes_ = 0;
};

}  // namespace pronto::agent
