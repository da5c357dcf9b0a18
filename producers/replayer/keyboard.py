"""Keys that are pressed on a terminal, without anybody waiting for them."""

from __future__ import annotations

import os
import select
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Self

SPACE, LEFT, RIGHT, QUIT = "space", "left", "right", "quit"
_OF_BYTES = {b" ": SPACE, b"\x1b[D": LEFT, b"\x1bOD": LEFT, b"\x1b[C": RIGHT, b"\x1bOC": RIGHT, b"q": QUIT}


def parsed(typed: bytes) -> list[str]:
    """The keys that are meant by what a terminal sends; others are passed over."""
    found = []
    while typed:
        known = next((code for code in _OF_BYTES if typed.startswith(code)), b"")
        if known:
            found.append(_OF_BYTES[known])
        typed = typed[len(known) or 1 :]
    return found


if sys.platform == "win32":
    import msvcrt

    _ARROWS = {"K": LEFT, "M": RIGHT}

    class WindowsKeys:
        """live: whether there is a terminal."""

        def __init__(self) -> None:
            self.live = sys.stdin is not None and sys.stdin.isatty()

        def __enter__(self) -> Self:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
        ) -> None:
            pass

        def pressed(self) -> list[str]:
            """The keys that were pressed since this was asked last."""
            found = []
            while self.live and msvcrt.kbhit():
                typed = msvcrt.getwch()
                if typed in ("\x00", "\xe0"):
                    found.append(_ARROWS.get(msvcrt.getwch(), ""))
                else:
                    found += parsed(typed.encode())
            return [key for key in found if key]

    Keys = WindowsKeys

else:
    import termios
    import tty

    class TerminalKeys:
        """live: whether there is a terminal, and it is ours. It gives keys at once until the with ends."""

        def __init__(self) -> None:
            self.live = False
            self._after = ExitStack()

        def __enter__(self) -> Self:
            if sys.stdin is None or not sys.stdin.isatty():
                return self
            self._fd = sys.stdin.fileno()
            if not self._in_background():
                self._after.callback(termios.tcsetattr, self._fd, termios.TCSADRAIN, termios.tcgetattr(self._fd))
                tty.setcbreak(self._fd)
                self.live = True
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
        ) -> None:
            self._after.close()

        def _in_background(self) -> bool:
            """Whether to touch the terminal is to be stopped by it."""
            try:
                return os.tcgetpgrp(self._fd) != os.getpgrp()
            except OSError:  # it is not the terminal that rules this process
                return False

        def pressed(self) -> list[str]:
            """The keys that were pressed since this was asked last."""
            if not self.live or not select.select([self._fd], [], [], 0)[0]:
                return []
            typed = os.read(self._fd, 64)
            self.live = bool(typed)  # its end: the terminal is gone
            return parsed(typed)

    Keys = TerminalKeys
