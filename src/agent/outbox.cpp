// SPDX-License-Identifier: Apache-2.0
#include "agent/outbox.hpp"

#include "io/memory.hpp"

namespace pronto::agent {

Status Outbox::open(OutputArena& arena, std::uint8_t generation) {
    arena_ = &arena;
    generation_ = generation;
    control_memory_ = io::reserve(limits::control_frame_bytes * limits::control_slots);
    return control_memory_.empty() ? Status{Code::limit, 0} : Status{};
}

std::uint32_t Outbox::take_control() {
    const std::uint32_t slot = control_.take();
    PRONTO_ASSERT(slot != slot_none);
    return slot;
}

Bytes Outbox::control_slot(std::uint32_t slot) const {
    return control_memory_.subspan(slot * limits::control_frame_bytes, limits::control_frame_bytes);
}

cbor::Writer Outbox::payload_writer(std::uint32_t slot) const {
    return cbor::Writer(control_slot(slot).subspan(wire::headroom_bytes));
}

void Outbox::queue_control(std::uint32_t slot, const cbor::Writer& writer,
                           const wire::Address& address, Lane lane) {
    PRONTO_ASSERT(writer.ok());
    const Bytes frame =
        wire::seal(control_slot(slot), wire::headroom_bytes, writer.written(), address);
    const Part part{frame.data(), static_cast<std::uint32_t>(frame.size()), slot, {}, false};
    if (lane == Lane::control) {
        control_lane_.push(part);
    } else {
        bulk_lane_.push(part);
    }
}

void Outbox::send_empty(wire::Message message, std::uint32_t id) {
    const std::uint32_t slot = take_control();
    cbor::Writer writer = payload_writer(slot);
    wire::encode_empty(writer);
    queue_control(slot, writer, {generation_, id, message}, Lane::control);
}

void Outbox::send_failure(wire::Message message, std::uint32_t id,
                          const wire::ExecFailure& failure) {
    const std::uint32_t slot = take_control();
    cbor::Writer writer = payload_writer(slot);
    if (message == wire::Message::exec_failed) {
        wire::encode_failed(writer, failure);
    } else {
        wire::encode_stdin_error(writer, failure);
    }
    queue_control(slot, writer, {generation_, id, message}, Lane::control);
}

std::size_t Outbox::send_output(const Output& output) {
    const Bytes memory = arena_->slot(output.slot);
    const std::size_t prefix = wire::data_prefix_bytes(output.byte_count);
    wire::write_data_prefix(memory.data() + limits::output_headroom_bytes, output.byte_count);
    const Bytes frame =
        wire::seal(memory, limits::output_headroom_bytes - prefix, prefix + output.byte_count,
                   {generation_, output.id, output.message});
    bulk_lane_.push(
        {frame.data(), static_cast<std::uint32_t>(frame.size()), output.slot, output.owner, true});
    return frame.size();
}

void Outbox::commit(Part part) {
    PRONTO_ASSERT(part_count_ < parts_max);
    parts_[part_count_++] = part;
}

void Outbox::start(io::Uring& uring, const io::SerialPort& port, io::Op op) {
    if (in_flight_) return;
    const std::uint32_t bulk_max = port.is_socket ? bulk_parts_socket : bulk_parts_device;
    std::uint32_t bulk_count = 0;
    for (std::uint32_t index = 0; index < part_count_; ++index)
        bulk_count += parts_[index].is_output ? 1 : 0;
    while (part_count_ < parts_max && !control_lane_.empty()) {
        commit(control_lane_.front());
        control_lane_.pop();
    }
    while (part_count_ < parts_max && !bulk_lane_.empty() && bulk_count < bulk_max) {
        bulk_count += bulk_lane_.front().is_output ? 1 : 0;
        commit(bulk_lane_.front());
        bulk_lane_.pop();
    }
    if (part_count_ == 0) return;
    bytes_in_flight_ = 0;
    for (std::uint32_t index = 0; index < part_count_; ++index) {
        vectors_[index] = {parts_[index].data, parts_[index].byte_count};
        bytes_in_flight_ += parts_[index].byte_count;
    }
    in_flight_ = true;
    // Nobody is woken by a quiet end, so nothing may be waiting for it: neither frames nor free
    // slots.
    const bool awaited = bulk_count > 0 || !control_lane_.empty() || !bulk_lane_.empty() ||
                         control_free() < limits::control_slots / 2;
    quiet_ = port.is_socket && !was_short_ && !awaited;
    if (!port.is_socket)
        return uring.write_gather(port.fd.get(), {vectors_.data(), part_count_}, op);
    message_ = {};
    message_.msg_iov = vectors_.data();
    message_.msg_iovlen = part_count_;
    if (quiet_) {
        uring.send_gather_quiet(port.fd.get(), &message_, MSG_DONTWAIT, op);
    } else {
        uring.send_gather(port.fd.get(), &message_, 0, op);
    }
}

void Outbox::release(const Part& part) {
    if (!part.is_output) {
        control_.give_back(part.slot);
        return;
    }
    arena_->give_back(part.slot);
    done_[done_count_++] = part.owner;
}

std::span<const OutputDone> Outbox::completed(std::int32_t result) {
    PRONTO_ASSERT(in_flight_);
    in_flight_ = false;
    was_short_ = result < static_cast<std::int32_t>(bytes_in_flight_);
    done_count_ = 0;
    std::uint32_t written = result > 0 ? static_cast<std::uint32_t>(result) : 0;
    std::uint32_t finished = 0;
    while (finished < part_count_ && written >= parts_[finished].byte_count) {
        written -= parts_[finished].byte_count;
        release(parts_[finished++]);
    }
    for (std::uint32_t index = finished; index < part_count_; ++index)
        parts_[index - finished] = parts_[index];
    part_count_ -= finished;
    if (part_count_ > 0) {
        parts_[0].data += written;
        parts_[0].byte_count -= written;
    } else {
        PRONTO_ASSERT(written == 0);
    }
    return {done_.data(), done_count_};
}

std::span<const OutputDone> Outbox::drop_all() {
    PRONTO_ASSERT(!in_flight_);
    done_count_ = 0;
    for (std::uint32_t index = 0; index < part_count_; ++index)
        release(parts_[index]);
    part_count_ = 0;
    for (; !control_lane_.empty(); control_lane_.pop())
        release(control_lane_.front());
    for (; !bulk_lane_.empty(); bulk_lane_.pop())
        release(bulk_lane_.front());
    return {done_.data(), done_count_};
}

}  // namespace pronto::agent
