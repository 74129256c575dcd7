// SPDX-License-Identifier: Apache-2.0
// One io_uring: preparing operations, one system call per turn, reaping. With uring.cpp the only
// place that sees liburing. One thread owns it from `open` on. Memory handed to an operation must
// stay until its completion.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <span>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "io/op.hpp"

struct io_uring_sqe;
struct io_uring_cqe;

namespace pronto::io {

class Uring {
  public:
    struct Options {
        std::uint32_t entries = 256;  ///< submission queue; the completion queue is four times that
        bool single_issuer = true;    ///< SINGLE_ISSUER | DEFER_TASKRUN where the kernel has them
    };

    Uring() = default;
    Uring(const Uring&) = delete;
    Uring& operator=(const Uring&) = delete;
    ~Uring() { close(); }

    /// Needs kernel 5.19 or later (buffer rings); `unsupported` says the kernel is too old or
    /// forbids io_uring.
    Status open(const Options& options);
    void close();
    bool deferred() const { return deferred_; }

    // Each takes one submission entry; when none is free, what is prepared is submitted first.
    void read(int fd, Bytes into, Op op);
    /// Reads at most `bytes_max` into a buffer of the group, picked when data is there; −ENOBUFS
    /// when none is left.
    void read_selected(int fd, std::uint16_t group, std::uint32_t bytes_max, Op op);
    void write(int fd, ByteView from, Op op);
    void write_gather(int fd, std::span<const iovec> parts, Op op);
    void receive(int fd, Bytes into, int flags, Op op);
    void send_gather(int fd, const msghdr* message, int flags, Op op);
    /// `quiet`: full success makes no completion; a short or failed send does, with what was sent.
    /// With MSG_DONTWAIT it is decided within the `enter` that submits it: what has not completed
    /// by then was sent whole.
    void send_gather_quiet(int fd, const msghdr* message, int flags, Op op);
    void poll(int fd, std::uint32_t events, Op op);
    void accept(int fd, Op op);
    /// Cancels the operation prepared with `target`; its completion then says −ECANCELED, unless it
    /// was faster.
    void cancel(Op target, Op op);
    void close_fd(int fd, Op op);

    /// Submits everything prepared and waits for `wait_count` completions, at most until
    /// `timeout_ns` from now (0: without limit). Interrupted or timed out is not an error.
    Status enter(std::uint32_t wait_count, Nanoseconds timeout_ns);

    /// True when the kernel has taken all that was prepared; `enter` leaves a rest only when it is
    /// short of memory.
    bool submitted() const;

    /// Takes up to out.size() completions that are there; the count.
    std::uint32_t reap(std::span<Completion> out);
    /// Whether `reap` would find any.
    bool has_completions() const;

    std::uint64_t enters() const { return enters_; }  ///< system calls so far

    int fd() const { return fd_; }

  private:
    friend class BufferRing;

    io_uring_sqe* take_entry(Op op);
    int enter_call(std::uint32_t wait_count, Nanoseconds timeout_ns);

    // The two queues as the kernel maps them. Heads and tails are shared with the kernel: see
    // uring.cpp for orders.
    struct Queue {
        std::uint32_t* head = nullptr;
        std::uint32_t* tail = nullptr;
        std::uint32_t mask = 0;
    };
    Queue submissions_;
    Queue completions_;
    io_uring_sqe* entries_ = nullptr;
    io_uring_cqe* events_ = nullptr;
    std::uint32_t prepared_ =
        0;  ///< our tail of the submission queue; the kernel sees it at `enter`
    void* ring_memory_ = nullptr;
    std::size_t ring_bytes_ = 0;
    std::size_t entry_bytes_ = 0;
    std::uint64_t enters_ = 0;
    int fd_ = -1;
    bool deferred_ = false;
};

/// Buffers the kernel picks from when a read has data: {address, bytes, index}. Published in
/// batches.
class BufferRing {
  public:
    BufferRing() = default;
    BufferRing(const BufferRing&) = delete;
    BufferRing& operator=(const BufferRing&) = delete;
    ~BufferRing();

    /// `entries` is a power of two. The ring's own memory is one mapping of 16 bytes an entry.
    Status open(Uring& uring, std::uint16_t group, std::uint32_t entries);
    /// Precondition: fewer than `entries` buffers are posted.
    void post(Bytes buffer, std::uint16_t index);
    void publish();

  private:
    void* ring_ = nullptr;
    std::uint32_t entries_ = 0;
    std::uint32_t unpublished_ = 0;
};

}  // namespace pronto::io
