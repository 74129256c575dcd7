// SPDX-License-Identifier: Apache-2.0
#include "io/uring.hpp"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <liburing.h>

#include "io/uring_fault.hpp"

namespace pronto::io {

namespace {

// The kernel is the other side of every atomic access here: it publishes completions by a release
// store of the tail and frees entries by a release store of the head; we answer in kind.
std::uint32_t load_acquire(const std::uint32_t* from) {
    return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}
void store_release(std::uint32_t* to, std::uint32_t value) {
    __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

std::uint32_t* at(void* base, std::uint32_t offset) {
    // SAFETY: the kernel gives offsets of aligned 32-bit words inside the mapping.
    return reinterpret_cast<std::uint32_t*>(static_cast<std::uint8_t*>(base) + offset);
}

io_uring_params parameters(const Uring::Options& options, bool deferred) {
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
    params.cq_entries = options.entries * 4;
    if (deferred) params.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    return params;
}

constexpr std::uint32_t features_needed =
    IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_SUBMIT_STABLE;

}  // namespace

Status Uring::open(const Options& options) {
    PRONTO_ASSERT(fd_ < 0);
    io_uring_params params = parameters(options, options.single_issuer);
    int fd = io_uring_setup(options.entries, &params);
    if (fd == -EINVAL && options.single_issuer) {
        params = parameters(options, false);
        fd = io_uring_setup(options.entries, &params);
    } else {
        deferred_ = options.single_issuer;
    }
    if (fd < 0) return {Code::unsupported, static_cast<std::uint16_t>(-fd)};
    fd_ = fd;
    if ((params.features & features_needed) != features_needed) return {Code::unsupported, ENOSYS};

    const std::size_t submission_bytes =
        params.sq_off.array + params.sq_entries * sizeof(std::uint32_t);
    const std::size_t completion_bytes =
        params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
    ring_bytes_ = submission_bytes > completion_bytes ? submission_bytes : completion_bytes;
    ring_memory_ =
        mmap(nullptr, ring_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
    if (ring_memory_ == MAP_FAILED) {
        ring_memory_ = nullptr;
        return system_error(errno);
    }
    entry_bytes_ = params.sq_entries * sizeof(io_uring_sqe);
    void* entries =
        mmap(nullptr, entry_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
    if (entries == MAP_FAILED) return system_error(errno);

    entries_ = static_cast<io_uring_sqe*>(entries);
    submissions_ = {at(ring_memory_, params.sq_off.head), at(ring_memory_, params.sq_off.tail),
                    *at(ring_memory_, params.sq_off.ring_mask)};
    completions_ = {at(ring_memory_, params.cq_off.head), at(ring_memory_, params.cq_off.tail),
                    *at(ring_memory_, params.cq_off.ring_mask)};
    // SAFETY: the kernel lays completions out at this offset, aligned for them.
    events_ = reinterpret_cast<io_uring_cqe*>(static_cast<std::uint8_t*>(ring_memory_) +
                                              params.cq_off.cqes);
    for (std::uint32_t index = 0; index < params.sq_entries; ++index)
        at(ring_memory_, params.sq_off.array)[index] = index;
    prepared_ = *submissions_.tail;
    return {};
}

void Uring::close() {
    if (entries_ != nullptr) munmap(entries_, entry_bytes_);
    if (ring_memory_ != nullptr) munmap(ring_memory_, ring_bytes_);
    if (fd_ >= 0) ::close(fd_);
    entries_ = nullptr;
    ring_memory_ = nullptr;
    fd_ = -1;
}

io_uring_sqe* Uring::take_entry(Op op) {
    PRONTO_ASSERT(fd_ >= 0);
    if (prepared_ - load_acquire(submissions_.head) > submissions_.mask) {
        const int result = enter_call(0, 0);
        PRONTO_ASSERT(result >= 0 || result == -EINTR || result == -EBUSY || result == -EAGAIN);
        PRONTO_ASSERT(prepared_ - load_acquire(submissions_.head) <= submissions_.mask);
    }
    io_uring_sqe* entry = &entries_[prepared_++ & submissions_.mask];
    memset(entry, 0, sizeof *entry);
    entry->user_data = op.packed();
    return entry;
}

namespace {
// liburing's prep functions clear user_data in some versions and not in others: set it last.
void finish(io_uring_sqe* entry, Op op) { entry->user_data = op.packed(); }
}  // namespace

void Uring::read(int fd, Bytes into, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_read(entry, fd, into.data(), static_cast<unsigned>(into.size()),
                       static_cast<std::uint64_t>(-1));
    finish(entry, op);
    fault::at_preparation(entry);
}

void Uring::read_selected(int fd, std::uint16_t group, std::uint32_t bytes_max, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_read(entry, fd, nullptr, bytes_max, static_cast<std::uint64_t>(-1));
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = group;
    finish(entry, op);
    fault::at_preparation(entry);
}

void Uring::write(int fd, ByteView from, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_write(entry, fd, from.data(), static_cast<unsigned>(from.size()),
                        static_cast<std::uint64_t>(-1));
    finish(entry, op);
    fault::at_preparation(entry);
}

void Uring::write_gather(int fd, std::span<const iovec> parts, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_writev(entry, fd, parts.data(), static_cast<unsigned>(parts.size()),
                         static_cast<std::uint64_t>(-1));
    finish(entry, op);
    fault::at_preparation(entry);
}

void Uring::receive(int fd, Bytes into, int flags, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_recv(entry, fd, into.data(), into.size(), flags);
    finish(entry, op);
    fault::at_preparation(entry);
}

void Uring::send_gather(int fd, const msghdr* message, int flags, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_sendmsg(entry, fd, message, static_cast<unsigned>(flags | MSG_NOSIGNAL));
    finish(entry, op);
    fault::at_preparation(entry);
}

void Uring::send_gather_quiet(int fd, const msghdr* message, int flags, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_sendmsg(entry, fd, message,
                          static_cast<unsigned>(flags | MSG_NOSIGNAL | MSG_WAITALL));
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    finish(entry, op);
}

void Uring::poll(int fd, std::uint32_t events, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_poll_add(entry, fd, events);
    finish(entry, op);
}

void Uring::accept(int fd, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_accept(entry, fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    finish(entry, op);
}

void Uring::cancel(Op target, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_cancel64(entry, target.packed(), 0);
    finish(entry, op);
}

void Uring::close_fd(int fd, Op op) {
    io_uring_sqe* entry = take_entry(op);
    io_uring_prep_close(entry, fd);
    finish(entry, op);
}

int Uring::enter_call(std::uint32_t wait_count, Nanoseconds timeout_ns) {
    store_release(submissions_.tail, prepared_);
    const std::uint32_t submit_count = prepared_ - load_acquire(submissions_.head);
    __kernel_timespec timeout{static_cast<long long>(timeout_ns / ns_per_s),
                              static_cast<long long>(timeout_ns % ns_per_s)};
    io_uring_getevents_arg argument{};
    argument.sigmask_sz = _NSIG / 8;
    if (timeout_ns != 0) argument.ts = reinterpret_cast<std::uint64_t>(&timeout);
    ++enters_;
    return io_uring_enter2(static_cast<unsigned>(fd_), submit_count, wait_count,
                           IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                           reinterpret_cast<sigset_t*>(&argument), sizeof argument);
}

Status Uring::enter(std::uint32_t wait_count, Nanoseconds timeout_ns) {
    const int result = enter_call(wait_count, timeout_ns);
    if (result >= 0) return {};
    switch (-result) {
        case EINTR:   // a signal; the caller looks at what completed and comes back
        case ETIME:   // the deadline
        case EAGAIN:  // no memory for a request just now: the entries stay queued for the next call
        case EBUSY:   // completions overflowed: reap, then come back
            return {};
        default: return system_error(-result);
    }
}

bool Uring::has_completions() const {
    return *completions_.head != load_acquire(completions_.tail);
}

bool Uring::submitted() const { return load_acquire(submissions_.head) == prepared_; }

std::uint32_t Uring::reap(std::span<Completion> out) {
    std::uint32_t head = *completions_.head;  // only we write it
    const std::uint32_t tail = load_acquire(completions_.tail);
    std::uint32_t count = 0;
    while (head != tail && count < out.size()) {
        const io_uring_cqe& event = events_[head++ & completions_.mask];
        Completion& completion = out[count++];
        completion.op = Op::unpack(event.user_data);
        completion.result = fault::at_completion(event.user_data, event.res);
        completion.has_buffer = (event.flags & IORING_CQE_F_BUFFER) != 0;
        completion.buffer = static_cast<std::uint16_t>(event.flags >> IORING_CQE_BUFFER_SHIFT);
        completion.more = (event.flags & IORING_CQE_F_MORE) != 0;
    }
    store_release(completions_.head, head);
    return count;
}

BufferRing::~BufferRing() {
    if (ring_ != nullptr) munmap(ring_, entries_ * sizeof(io_uring_buf));
}

Status BufferRing::open(Uring& uring, std::uint16_t group, std::uint32_t entries) {
    PRONTO_ASSERT(ring_ == nullptr);
    PRONTO_ASSERT(is_power_of_two(entries));
    entries_ = entries;
    void* memory = mmap(nullptr, entries * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return system_error(errno);
    ring_ = memory;
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    registration.ring_entries = entries;
    registration.bgid = group;
    const int result = io_uring_register(static_cast<unsigned>(uring.fd_),
                                         IORING_REGISTER_PBUF_RING, &registration, 1);
    if (result < 0) return {Code::unsupported, static_cast<std::uint16_t>(-result)};
    return {};
}

void BufferRing::post(Bytes buffer, std::uint16_t index) {
    auto* ring = static_cast<io_uring_buf_ring*>(ring_);
    io_uring_buf_ring_add(ring, buffer.data(), static_cast<unsigned>(buffer.size()), index,
                          static_cast<int>(entries_ - 1), static_cast<int>(unpublished_++));
}

void BufferRing::publish() {
    if (unpublished_ == 0) return;
    io_uring_buf_ring_advance(static_cast<io_uring_buf_ring*>(ring_),
                              static_cast<int>(unpublished_));
    unpublished_ = 0;
}

}  // namespace pronto::io
