# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeded damage to binary files: the same (seed, number) gives the same bytes on every machine."""
import random

INTERESTING_BYTES = [0x00, 0x01, 0x3f, 0x40, 0x41, 0x60, 0x70, 0x7b, 0x7f, 0x80, 0xfc, 0xfd, 0xff]
INTERESTING_LEBS = [b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x00", b"\x80\x80\x80\x80\x08",
                    b"\xff\xff\x03", b"\xd0\x86\x03", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"]


def flip_bit(generator, data):
    at = generator.randrange(len(data))
    data[at] ^= 1 << generator.randrange(8)


def set_byte(generator, data):
    data[generator.randrange(len(data))] = generator.choice(INTERESTING_BYTES)


def set_random_bytes(generator, data):
    at = generator.randrange(len(data))
    count = generator.randrange(1, 5)
    data[at:at + count] = generator.randbytes(min(count, len(data) - at))


def add_to_byte(generator, data):
    at = generator.randrange(len(data))
    data[at] = (data[at] + generator.choice([-2, -1, 1, 2])) & 0xff


def insert_bytes(generator, data):
    at = generator.randrange(len(data) + 1)
    data[at:at] = generator.randbytes(generator.randrange(1, 9))


def remove_bytes(generator, data):
    at = generator.randrange(len(data))
    del data[at:at + generator.randrange(1, 9)]


def insert_number(generator, data):
    at = generator.randrange(len(data))
    data[at:at + generator.randrange(0, 3)] = generator.choice(INTERESTING_LEBS)


def copy_range(generator, data):
    source = generator.randrange(len(data))
    part = data[source:source + generator.randrange(1, 65)]
    at = generator.randrange(len(data) + 1)
    data[at:at] = part


def overwrite_range(generator, data):
    source = generator.randrange(len(data))
    part = data[source:source + generator.randrange(1, 33)]
    at = generator.randrange(len(data))
    data[at:at + len(part)] = part


def swap_ranges(generator, data):
    length = generator.randrange(1, 17)
    first, second = sorted(generator.randrange(len(data)) for _ in range(2))
    if second + length <= len(data) and first + length <= second:
        data[first:first + length], data[second:second + length] = data[second:second + length], data[first:first + length]


def truncate(generator, data):
    del data[generator.randrange(len(data)):]


KINDS = [flip_bit, set_byte, set_random_bytes, add_to_byte, insert_bytes, remove_bytes, insert_number, copy_range,
         overwrite_range, swap_ranges, truncate]


def mutated(data, seed, number):
    """(kinds applied, bytes): one to three mutations of `data`, the first eight bytes usually left alone."""
    generator = random.Random(f"{seed}/{number}")
    keep = 0 if generator.randrange(16) == 0 else 8
    head, body = data[:keep], bytearray(data[keep:])
    names = []
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        kind = generator.choice(KINDS)
        if body:
            kind(generator, body)
            names.append(kind.__name__)
    return "+".join(names), head + bytes(body)
