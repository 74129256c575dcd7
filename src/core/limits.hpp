// SPDX-License-Identifier: Apache-2.0
// Every capacity, and how it follows from who can hold it. All memory is reserved from these at
// start.
#pragma once

#include "core/units.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/exec.hpp"

namespace pronto::limits {

// --- agent
// -------------------------------------------------------------------------------------------------

/// Live exec sessions. Bounded by descriptors: three a session, and the agent raises its own limit
/// to hold them.
constexpr std::uint32_t sessions_max = 512;
constexpr std::uint32_t agent_descriptors = 3 * sessions_max + 256;

/// One read of a program's output. Larger reads gained nothing over 64 KiB; a pipe of 256 KiB holds
/// four.
constexpr std::size_t output_data_bytes = 64 * KiB;
constexpr std::size_t output_headroom_bytes = 128;
static_assert(output_headroom_bytes >= wire::headroom_bytes + wire::data_prefix_bytes_max);
/// Bulk output under way to the port, all sessions together: what a stalled host can make resident.
constexpr std::uint32_t output_slots = 32;

/// Control frames. One is kept for the verdict of each live session; a frame from the host may
/// cause two more, so input waits while fewer than the reserve are spare; the rest lets a burst of
/// replies queue up.
constexpr std::size_t control_frame_bytes = 768;
constexpr std::uint32_t control_frames_per_session = 3;
constexpr std::uint32_t control_frames_reserve = 16;
constexpr std::uint32_t control_slots =
    sessions_max * control_frames_per_session + control_frames_reserve;

/// Input of programs that do not read: per session, and of all sessions together.
constexpr std::size_t stdin_slot_bytes = 64 * KiB;
constexpr std::uint32_t stdin_slots = 64;
constexpr std::size_t stdin_session_bytes_max = 1 * MiB;
constexpr std::size_t stdin_pipe_bytes_max = 1 * MiB;
static_assert(stdin_session_bytes_max <= stdin_slots * stdin_slot_bytes);

/// One frame must fit whole, up to one read behind the front; behind it, one more read (see
/// core/frame_input.hpp).
constexpr std::size_t input_read_bytes = 64 * KiB;
constexpr std::size_t input_buffer_bytes = wire::frame_wire_bytes_max + 2 * input_read_bytes;

/// argv, envp and candidates of one spawn. The kernel refuses more than about 2 MiB of them in all.
constexpr std::uint32_t spawn_pointers_max = 64 * 1024;
constexpr std::size_t spawn_text_bytes = 256 * KiB;

/// Frames handled and sessions started in one turn of the loop, before output gets its turn.
constexpr std::uint32_t frames_per_turn_max = 64;
constexpr std::uint32_t spawns_per_turn_max = 4;
constexpr std::uint32_t reaps_per_turn_max = 64;

/// How long a program's descendants may keep its output open once it has ended.
constexpr Nanoseconds drain_grace_ns = 100 * ns_per_ms;
/// Between TERM and KILL at shutdown.
constexpr Nanoseconds shutdown_grace_ns = 2 * ns_per_s;

// --- relay
// -------------------------------------------------------------------------------------------------

constexpr std::uint32_t clients_max = 128;
constexpr std::uint32_t clients_max_legacy = 16;

}  // namespace pronto::limits
