/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of a shared-memory byte ring with one producer and one consumer. C11 and C++; any language
 * can map it.
 *
 * A region is this header, in its own pages, followed by `capacity_bytes` of data that both sides
 * map twice in a row, so that a record passing the end is still contiguous. The indices count bytes
 * since the ring began and never wrap; their place in the data is the index modulo the capacity.
 * Bytes in the ring: produced - consumed, at most the capacity. Whatever a side reads that the
 * other side writes is hostile: it is read once and checked.
 *
 * Publishing: the bytes first, then `produced` (or `consumed`) by a sequentially consistent store.
 * A side that wants to sleep sets its flag, then looks at the other's index again; a side that has
 * published looks at the other's flag, and when it is set clears it and wakes. All four accesses
 * are sequentially consistent: one of the two always sees the other, so no wake-up is lost.
 */
#ifndef PRONTO_RING_LAYOUT_H
#define PRONTO_RING_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define PRONTO_RING_MAGIC UINT32_C(0x676e7250) /* "Prng" in memory */
#define PRONTO_RING_VERSION UINT32_C(1)
#define PRONTO_RING_LINE_BYTES 64

#ifdef __cplusplus
# define PRONTO_RING_ALIGNED alignas(PRONTO_RING_LINE_BYTES)
# define PRONTO_RING_STATIC_ASSERT(condition) static_assert(condition, # condition)
extern "C" {
#else
# define PRONTO_RING_ALIGNED _Alignas(PRONTO_RING_LINE_BYTES)
# define PRONTO_RING_STATIC_ASSERT(condition) _Static_assert(condition, # condition)
#endif

struct pronto_ring_header {
    /* Written once by whoever makes the ring; the other side checks and copies. */
    PRONTO_RING_ALIGNED uint32_t magic;
    uint32_t version;
    uint64_t capacity_bytes; /* a power of two, and a multiple of the page */
    /* Each on its own line, written by one side only. */
    PRONTO_RING_ALIGNED uint64_t produced;
    PRONTO_RING_ALIGNED uint64_t consumed;
    /* 1: set by the side that is about to sleep; cleared by it, or by the other that wakes it. */
    PRONTO_RING_ALIGNED uint32_t producer_sleeping;
    PRONTO_RING_ALIGNED uint32_t consumer_sleeping;
};

PRONTO_RING_STATIC_ASSERT(sizeof(struct pronto_ring_header) == 5 * PRONTO_RING_LINE_BYTES);
PRONTO_RING_STATIC_ASSERT(offsetof(struct pronto_ring_header, capacity_bytes) == 8);
PRONTO_RING_STATIC_ASSERT(offsetof(struct pronto_ring_header, produced) == 64);
PRONTO_RING_STATIC_ASSERT(offsetof(struct pronto_ring_header, consumed) == 128);
PRONTO_RING_STATIC_ASSERT(offsetof(struct pronto_ring_header, producer_sleeping) == 192);
PRONTO_RING_STATIC_ASSERT(offsetof(struct pronto_ring_header, consumer_sleeping) == 256);

#ifdef __cplusplus
}
#endif

#endif
