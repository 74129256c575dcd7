// SPDX-License-Identifier: Apache-2.0
// Every capacity of the relay, and how it follows from who can hold it. All of it is reserved at
// start; pages become resident where they are touched.
#pragma once

#include "core/limits.hpp"
#include "core/wire/frame.hpp"

namespace pronto::relay {

using limits::clients_max;
using limits::clients_max_legacy;

// --- guest to client
// ---------------------------------------------------------------------------------------

/// What the kernel may hand over in one read (a socket holds about 200 KiB) while as much is being
/// sent on.
constexpr std::size_t guest_ring_bytes = 512 * KiB;
/// Below this much free room the ring is settled before the guest is read again.
constexpr std::size_t guest_read_bytes_min = 64 * KiB;
/// Frames addressed to the relay itself are decoded whole, so they are bounded; longer ones are
/// skipped.
constexpr std::size_t boot_frame_bytes_max = 64 * KiB;
constexpr std::size_t control_frame_bytes_max = 4 * KiB;
static_assert(boot_frame_bytes_max + wire::header_bytes <= guest_ring_bytes);
/// A length beyond the frame limit is skipped up to here; a longer one says that the stream is
/// lost.
constexpr std::uint64_t guest_skip_bytes_max = 64 * MiB;

/// Pieces of one send to one client. Neighbours in the ring are one piece, so this is about
/// interleaving.
constexpr std::uint32_t gather_parts_max = 32;

/// What a client has not taken yet. One maximal frame always fits beside what its socket holds.
constexpr std::size_t backlog_bytes_max = 4 * MiB;
constexpr std::uint32_t client_budget_default = 1 * MiB;
/// Beyond this, memory that a backlog has touched is given back once it is empty.
constexpr std::size_t backlog_bytes_kept = 64 * KiB;

// --- client to guest
// ---------------------------------------------------------------------------------------

/// A client's input: one maximal frame, and one read behind its front.
constexpr std::size_t input_read_bytes = 64 * KiB;
constexpr std::size_t input_bytes = wire::frame_wire_bytes_max + input_read_bytes;
constexpr std::size_t input_bytes_kept = 2 * input_read_bytes;
/// New input begins at the front again once what is being sent lies this far behind it.
constexpr std::size_t input_fold_bytes = 16 * KiB;

/// One batch to the guest; a single frame may exceed it. A client's share of a batch, before the
/// next one's turn.
constexpr std::size_t batch_bytes_max = 256 * KiB;
constexpr std::size_t batch_client_bytes_max = 64 * KiB;
/// Control lane in up to two parts, then one run of frames per client.
constexpr std::uint32_t batch_parts_max = 2 + clients_max;

/// The relay's own frames. A client that leaves is cleaned up as fast as the lane drains, so it
/// bounds nothing.
constexpr std::size_t control_lane_bytes = 64 * KiB;
constexpr std::size_t control_lane_frame_bytes_max = 128;

/// Released agents die when a maximal frame has company in one read of theirs.
constexpr std::uint32_t foreign_frame_length_max = wire::frame_length_max - 64 * KiB;

/// Open sessions a client may have, of all kinds.
constexpr std::uint32_t client_sessions_max = 512;

/// One answer of the relay to a client waits at a time; the client's input waits behind it.
constexpr std::size_t reply_bytes_max = 256;

// --- time
// --------------------------------------------------------------------------------------------------

constexpr Nanoseconds boot_timeout_default = 180 * ns_per_s;
constexpr Nanoseconds stall_timeout_default = 5 * ns_per_s;
constexpr Nanoseconds shutdown_window_default = 5 * ns_per_s;
/// A guest that says nothing for so long waits for its bootstrap.
constexpr Nanoseconds bootstrap_silence = 5 * ns_per_s;
/// From a frame's first byte to its last.
constexpr Nanoseconds partial_frame_timeout = 30 * ns_per_s;
/// For a client that is cut to take the reason.
constexpr Nanoseconds linger_timeout = 1 * ns_per_s;
/// A range is not dealt again within this, where the guest cannot say that it is done.
constexpr Nanoseconds quarantine = 10 * ns_per_s;
constexpr Nanoseconds accept_backoff = 100 * ns_per_ms;
/// The guest waits for a client that is reading, so long, as often as the client takes that much
/// meanwhile: about 6 MB/s. A busy machine may leave a good client without a processor for tens of
/// milliseconds. Waiting in vain delays everybody, so it happens at most once in that while.
constexpr Nanoseconds hold_time = 80 * ns_per_ms;
constexpr std::size_t hold_progress_bytes = 512 * KiB;
constexpr Nanoseconds hold_again = 1 * ns_per_s;
/// Memory of large frames goes back when no more come.
constexpr Nanoseconds give_back_delay = 1 * ns_per_s;

/// Completions under way at once: five per client (receive, poll, send, quiet send, cancel), five
/// of the guest, accept and its cancel, and a few of the embedder.
constexpr std::uint32_t uring_entries = 256;
constexpr std::uint32_t completions_max = 4 * uring_entries;
static_assert(clients_max * 5 + 5 + 2 + 16 <= completions_max);

}  // namespace pronto::relay
