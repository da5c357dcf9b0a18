"""THE table of limits for what comes from outside. Readers look at them before they parse, allocate or keep.

Nothing that Charles itself writes comes near them. What is beyond one is a dead letter, or a clear error.
"""

from __future__ import annotations

SENT_BYTES = 1_900_000
"""Of an encoded event: clients send records of up to 2,000,000 bytes, and key and headers need room too."""
KEPT_VALUE_BYTES = 64 * 1024
"""Of a record's value in its dead letter; the topic still has the rest."""
KEPT_KEY_BYTES = 4 * 1024
"""Of its key."""
KEPT_REASON_LETTERS = 1_000
"""Of why it is dead: a message may quote what it is about."""
KEPT_HEADER_BYTES = 4 * 1024
"""Of the value of one of its headers."""
KEPT_HEADERS = 100
"""Of its headers: a dead letter of as many bytes as all of these allow can be sent."""
NAME_BYTES = 255
"""Of a collector, a run, an instance: a name is also a file's, and file systems have no longer ones."""
FILE_NAME_BYTES = 120
"""Of a file that is called by a name: a percent-encoded one takes three for each, and an ending follows."""
LAST_TICK = 2**53 - 1
"""A run of 30 ticks a second reaches it after nine million years; JSON and 64-bit floats know each number up to it."""
TICK_DIGITS = 16
"""Of a tick in a header, as many as LAST_TICK has; Python alone would read thousands."""
TICKS_AHEAD = 9_000
"""From the newest tick of a run to the next one: five minutes at 30 Hz. A collector whose broker was away longer may
leave more out; then the tick after it says so too."""
LAST_FIRST_TICK = 30 * 86_400
"""With which a run may begin, as the second half of a recorded one does: the first day of it."""
SPEED = 1e6
"""m/s, either way. Larger numbers are a mistake, and a few of them would ruin a model's weights."""
DISTANCE = 1e8
"""m, to the purpose: twice around the earth."""
ANGLE = 1_000.0
"""rad, either way, of the purpose's bearing: some games count their turns."""
PLACE = 1e9
"""m, of x and y, either way, and the heading and yaw rate in their units: a 64-bit float is then exact to a
millionth."""
SCHEMA_BYTES = 64 * 1024
"""Of a schema's text: ours have two thousand."""
SCHEMA_NESTING = 32
"""Of types in types: ours have three. Python's own stack ends at a thousand."""
SCHEMA_FIELDS = 10_000
"""Of a value, all in all: types that are named twice can double it at each step."""
PICTURE_SIDE = 16_384
"""Pixels: the widest that graphics cards draw."""
PICTURE_PIXELS = 40_000_000
"""Width times height, a little more than an 8K screen; decoded it takes 120 MB."""
MANIFEST_BYTES = 256 << 20
"""Of a recording's manifest: four hundred bytes for each segment of 128 MiB, so 80 TB."""
PARTITIONS = 10_000
"""Of a topic in a recording."""
BLOCK_BYTES = 64 << 20
"""Of a block of a recording, unpacked: ours end with the record that reaches one MiB."""
BLOCK_ITEMS = 1_000_000
"""Of a block: ours end with the thousandth record; an index has an entry for each block."""
