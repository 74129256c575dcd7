// SPDX-License-Identifier: Apache-2.0
// A byte ring between one producer and one consumer, over memory the caller has mapped
// (include/pronto/ring_layout.h). Each end belongs to one thread; the two ends may be threads,
// processes, or one of each. The other end is hostile: an impossible index is an error, never an
// access out of bounds. Never blocks and makes no system call: a caller that wants to sleep asks
// `prepare_to_sleep`, one that has published asks `must_wake`.
#pragma once

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "pronto/ring_layout.h"

namespace pronto {

using RingHeader = pronto_ring_header;

/// Makes an empty ring. `data` is the first of two mappings in a row; its size a power of two.
void make_ring(RingHeader& header, Bytes data);

class RingProducer {
  public:
    /// `data` as in `make_ring`. An error when the header does not describe a ring of that size.
    Status attach(RingHeader& header, Bytes data);

    /// Up to `wanted` free bytes to write in place, contiguous; fewer, or none, when the ring is
    /// that full.
    Status claim(std::size_t wanted, Bytes& out);
    /// Publishes the first `byte_count` bytes of the claim.
    void commit(std::size_t byte_count);
    /// After `commit`: true when the consumer sleeps and must be woken; it is told once.
    bool must_wake();

    /// False when there is room for `wanted` bytes after all: do not sleep. Else the consumer's
    /// `must_wake` will say true once it has released something. An error when the index is
    /// impossible.
    Status prepare_to_sleep(std::size_t wanted, bool& may_sleep);
    void woke();

  private:
    Status see_consumer();

    RingHeader* header_ = nullptr;
    Bytes data_;
    std::uint64_t produced_ = 0;       // ours; the shared copy is written, never read
    std::uint64_t consumed_seen_ = 0;  // the consumer's index, as it was checked last
    std::size_t claimed_ = 0;
};

class RingConsumer {
  public:
    Status attach(RingHeader& header, Bytes data);

    /// Everything that is there and not released, contiguous; may be empty. May be decoded in
    /// place.
    Status peek(Bytes& out);
    /// Frees the first `byte_count` bytes of the last `peek`.
    void release(std::size_t byte_count);
    /// After `release`: true when the producer sleeps and must be woken; it is told once.
    bool must_wake();

    /// `may_sleep` is false when more than `known` bytes are there: look again instead.
    Status prepare_to_sleep(std::size_t known, bool& may_sleep);
    void woke();

  private:
    Status see_producer();

    RingHeader* header_ = nullptr;
    Bytes data_;
    std::uint64_t consumed_ = 0;       // ours; the shared copy is written, never read
    std::uint64_t produced_seen_ = 0;  // the producer's index, as it was checked last
};

}  // namespace pronto
