"""A digest that is taken beside its writer is the digest of what was written."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from charles.recordings.format.background_sha256 import BackgroundSha256

SIZES = st.lists(st.sampled_from([0, 1, 100, 65_535, 65_536, 300_000]), max_size=20)


@given(sizes=SIZES, ask=st.integers(0, 20))
def test_it_is_that_of_all_pieces_in_their_order_and_may_be_asked_on_the_way(sizes: list[int], ask: int) -> None:
    ours, whole = BackgroundSha256(), b""
    for number, size in enumerate(sizes):
        piece = bytes([number]) * size
        ours.update(piece)
        whole += piece
        if number == ask:
            assert ours.hexdigest() == hashlib.sha256(whole).hexdigest()
    assert ours.hexdigest() == hashlib.sha256(whole).hexdigest()
