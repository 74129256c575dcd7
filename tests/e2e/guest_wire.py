# SPDX-License-Identifier: Apache-2.0
"""The wire of docs/WIRE.md in as few lines as a host needs that only boots a guest: frames, envelopes, CBOR.

Written apart from src/core/wire on purpose: what both understand is what the page says.
"""
import struct

HEADER_BYTES = 9
FLAGS_OF_INIT_ACK = 0
GENERATION = 6


def encode(value):
    """Canonical CBOR of None, int >= 0, str, bytes, list and dict."""
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(encode(item) for item in value)
    return _head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())


def decode(data):
    """The one CBOR item that `data` begins with."""
    value, _ = _item(memoryview(data), 0)
    return value


def frame(message, payload, session=0, flags=0):
    body = encode({"v": GENERATION, "t": message, "p": encode(payload)})
    return struct.pack(">IIB", len(body) + 5, session, flags) + body


def take_frame(buffer):
    """Takes the first whole frame off a bytearray: (message, payload, session, flags), or None while it is not whole."""
    if len(buffer) < HEADER_BYTES:
        return None
    length, session, flags = struct.unpack_from(">IIB", buffer)
    if len(buffer) < 4 + length:
        return None
    envelope = decode(bytes(buffer[HEADER_BYTES:4 + length]))
    del buffer[:4 + length]
    return envelope["t"], decode(envelope["p"]), session, flags


def _head(major, argument):
    for bits, (form, limit) in enumerate((("B", 1 << 8), (">H", 1 << 16), (">I", 1 << 32), (">Q", 1 << 64))):
        if argument < 24:
            return bytes([major << 5 | argument])
        if argument < limit:
            return bytes([major << 5 | 24 + bits]) + struct.pack(form, argument)
    raise ValueError("an integer of more than 64 bits")


def _item(data, at):
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    argument = short
    if 24 <= short <= 27:
        width = 1 << short - 24
        argument = int.from_bytes(data[at:at + width], "big")
        at += width
    elif short > 27:
        raise ValueError("an indefinite length: no guest of ours writes one")
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major == 2:
        return bytes(data[at:at + argument]), at + argument
    if major == 3:
        return str(data[at:at + argument], "utf-8"), at + argument
    if major == 4:
        items = []
        for _ in range(argument):
            value, at = _item(data, at)
            items.append(value)
        return items, at
    if major == 5:
        record = {}
        for _ in range(argument):
            key, at = _item(data, at)
            record[key], at = _item(data, at)
        return record, at
    if major == 6:
        return _item(data, at)
    return {20: False, 21: True}.get(short), at
