// SPDX-License-Identifier: Apache-2.0
#include "core/spsc_ring.hpp"

#include "core/units.hpp"

namespace pronto {

namespace {

// Every access to shared words. Sequentially consistent throughout, for the reason given at
// prepare_to_sleep; as acquire and release they also order the data: bytes written before `publish`
// are seen after `observe`.
std::uint64_t observe(const std::uint64_t& index) {
    return __atomic_load_n(&index, __ATOMIC_SEQ_CST);
}
void publish(std::uint64_t& index, std::uint64_t value) {
    __atomic_store_n(&index, value, __ATOMIC_SEQ_CST);
}
void set_flag(std::uint32_t& flag) { __atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST); }
void clear_flag(std::uint32_t& flag) { __atomic_store_n(&flag, 0, __ATOMIC_SEQ_CST); }

// Partner: `set_flag` in the other side's prepare_to_sleep. The load is all that a running partner
// costs; the exchange makes sure that only one waker is told.
bool take_flag(std::uint32_t& flag) {
    if (__atomic_load_n(&flag, __ATOMIC_SEQ_CST) == 0) return false;
    return __atomic_exchange_n(&flag, 0, __ATOMIC_SEQ_CST) != 0;
}

// The header's fields are copied before they are looked at: they may change under us.
Status check_header(const RingHeader& header, Bytes data) {
    PRONTO_ASSERT(is_power_of_two(data.size()));
    const std::uint32_t magic = __atomic_load_n(&header.magic, __ATOMIC_RELAXED);
    const std::uint32_t version = __atomic_load_n(&header.version, __ATOMIC_RELAXED);
    const std::uint64_t capacity_bytes = __atomic_load_n(&header.capacity_bytes, __ATOMIC_RELAXED);
    if (magic != PRONTO_RING_MAGIC || capacity_bytes != data.size()) return {Code::protocol};
    if (version != PRONTO_RING_VERSION) return {Code::unsupported};
    return {};
}

// A span of the doubled mapping: it may pass the end of the first copy.
Bytes window(Bytes data, std::uint64_t index, std::size_t byte_count) {
    PRONTO_DASSERT(byte_count <= data.size());
    // SAFETY: the offset is below the capacity and the count at most that, so the span ends within
    // the second copy.
    return {data.data() + (index & (data.size() - 1)), byte_count};
}

}  // namespace

void make_ring(RingHeader& header, Bytes data) {
    PRONTO_ASSERT(is_power_of_two(data.size()));
    header = {};
    header.magic = PRONTO_RING_MAGIC;
    header.version = PRONTO_RING_VERSION;
    header.capacity_bytes = data.size();
}

Status RingProducer::attach(RingHeader& header, Bytes data) {
    PRONTO_ASSERT(header_ == nullptr);
    if (Status checked = check_header(header, data); !checked.ok()) return checked;
    header_ = &header;
    data_ = data;
    produced_ = observe(header.produced);
    consumed_seen_ = observe(header.consumed);
    if (produced_ - consumed_seen_ > data.size()) return {Code::protocol};
    return {};
}

// Partner: `publish` in RingConsumer::release.
Status RingProducer::see_consumer() {
    const std::uint64_t consumed = observe(header_->consumed);
    // Backwards, or past what was produced: both make this difference larger than what was
    // outstanding.
    if (produced_ - consumed > produced_ - consumed_seen_) return {Code::protocol};
    consumed_seen_ = consumed;
    return {};
}

Status RingProducer::claim(std::size_t wanted, Bytes& out) {
    PRONTO_ASSERT(header_ != nullptr);
    std::size_t free_bytes = data_.size() - static_cast<std::size_t>(produced_ - consumed_seen_);
    if (free_bytes < wanted) {
        if (Status seen = see_consumer(); !seen.ok()) return seen;
        free_bytes = data_.size() - static_cast<std::size_t>(produced_ - consumed_seen_);
    }
    claimed_ = wanted < free_bytes ? wanted : free_bytes;
    PRONTO_ASSERT(claimed_ <= data_.size());
    out = window(data_, produced_, claimed_);
    return {};
}

void RingProducer::commit(std::size_t byte_count) {
    PRONTO_ASSERT(byte_count <= claimed_);
    claimed_ -= byte_count;
    produced_ += byte_count;
    publish(header_->produced, produced_);  // partner: `observe` in RingConsumer::see_producer
}

bool RingProducer::must_wake() { return take_flag(header_->consumer_sleeping); }

// Store the flag, then load the index; the consumer stores the index, then loads the flag. With all
// four in one total order, either this load sees the new index or the consumer's load sees the
// flag.
Status RingProducer::prepare_to_sleep(std::size_t wanted, bool& may_sleep) {
    PRONTO_ASSERT(wanted <= data_.size());
    set_flag(header_->producer_sleeping);
    const Status seen = see_consumer();
    may_sleep =
        seen.ok() && data_.size() - static_cast<std::size_t>(produced_ - consumed_seen_) < wanted;
    if (!may_sleep) woke();
    return seen;
}

void RingProducer::woke() { clear_flag(header_->producer_sleeping); }

Status RingConsumer::attach(RingHeader& header, Bytes data) {
    PRONTO_ASSERT(header_ == nullptr);
    if (Status checked = check_header(header, data); !checked.ok()) return checked;
    header_ = &header;
    data_ = data;
    consumed_ = observe(header.consumed);
    produced_seen_ = consumed_;
    return see_producer();
}

// Partner: `publish` in RingProducer::commit.
Status RingConsumer::see_producer() {
    const std::uint64_t produced = observe(header_->produced);
    const std::uint64_t held = produced - consumed_;
    if (held > data_.size() || held < produced_seen_ - consumed_) return {Code::protocol};
    produced_seen_ = produced;
    return {};
}

Status RingConsumer::peek(Bytes& out) {
    PRONTO_ASSERT(header_ != nullptr);
    if (Status seen = see_producer(); !seen.ok()) return seen;
    out = window(data_, consumed_, static_cast<std::size_t>(produced_seen_ - consumed_));
    return {};
}

void RingConsumer::release(std::size_t byte_count) {
    PRONTO_ASSERT(byte_count <= produced_seen_ - consumed_);
    consumed_ += byte_count;
    publish(header_->consumed, consumed_);  // partner: `observe` in RingProducer::see_consumer
}

bool RingConsumer::must_wake() { return take_flag(header_->producer_sleeping); }

// The mirror image of RingProducer::prepare_to_sleep.
Status RingConsumer::prepare_to_sleep(std::size_t known, bool& may_sleep) {
    set_flag(header_->consumer_sleeping);
    const Status seen = see_producer();
    may_sleep = seen.ok() && static_cast<std::size_t>(produced_seen_ - consumed_) <= known;
    if (!may_sleep) woke();
    return seen;
}

void RingConsumer::woke() { clear_flag(header_->consumer_sleeping); }

}  // namespace pronto
