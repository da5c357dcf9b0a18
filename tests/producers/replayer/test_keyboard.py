"""Keys on a terminal."""

from __future__ import annotations

import os
import sys

import pytest

from producers.replayer.keyboard import LEFT, QUIT, RIGHT, SPACE, Keys, parsed


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b" ", [SPACE]),
        (b"\x1b[C", [RIGHT]),
        (b"\x1b[D", [LEFT]),
        (b"\x1bOC\x1bOD", [RIGHT, LEFT]),
        (b"x\x1b[A q\x1b[Cz", [SPACE, QUIT, RIGHT]),
        (b"", []),
        (b"\x1b", []),
    ],
)
def test_what_a_terminal_sends_is_understood(typed: bytes, keys: list[str]) -> None:
    assert parsed(typed) == keys


def test_without_a_terminal_no_key_is_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    end, other = os.pipe()
    os.write(other, b" q")
    with os.fdopen(end) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        with Keys() as keys:
            assert not keys.live
            assert keys.pressed() == []
    os.close(other)
