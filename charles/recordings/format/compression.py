"""How the blocks of a file are packed: Avro's codecs null, deflate and zstandard."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from charles.base.limits import BLOCK_BYTES


class Codec(NamedTuple):
    """Both raise what their library raises where the data is not theirs; unpack also where it becomes more than
    BLOCK_BYTES."""

    pack: Callable[[bytes], bytes]
    unpack: Callable[[bytes], bytes]


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    out = unpacker.decompress(data, BLOCK_BYTES + 1)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("the packed data does not end with the block")
    return out


def _pack_zstandard(data: bytes) -> bytes:
    from backports import zstd

    return bytes(zstd.compress(data))


def _unpack_zstandard(data: bytes) -> bytes:
    from backports import zstd

    unpacker = zstd.ZstdDecompressor()
    out = unpacker.decompress(data, BLOCK_BYTES + 1)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("the packed data does not end with the block")
    return bytes(out)


CODECS = {
    "null": Codec(bytes, bytes),
    "deflate": Codec(_deflate, _inflate),
    "zstandard": Codec(_pack_zstandard, _unpack_zstandard),
}
