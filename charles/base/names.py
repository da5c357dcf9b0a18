"""Names and words from outside (of topics, files, games) made harmless for where they go. Nothing else does this.

A collector may be called "a/b", "..", "[/x]" or "\\x1b[2J": it is the same collector everywhere, and breaks nothing.
"""

from __future__ import annotations

import hashlib
import html
from urllib.parse import quote

from charles.base.limits import FILE_NAME_BYTES, NAME_BYTES

_DIGEST_LETTERS = 16
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
"""What Windows does not take as a file's name, whatever follows a dot in it."""


def key_part(name: str) -> str:
    """As a part of a key whose parts are separated by slashes: no two lists of names make the same key. Names without
    a "/" or a "%2" stay as they are."""
    return name.replace("%2", "%252").replace("/", "%2F")


def file_name(name: str) -> str:
    """As the name of a file that is no path: as it is where that is plain, percent-encoded where it is not; where it is
    too long, its beginning and a digest."""
    quoted = quote(name, safe="", errors="surrogatepass")
    if not quoted.strip(".") or quoted.partition(".")[0].lower() in _RESERVED:
        quoted = "".join(f"%{ord(letter):02X}" for letter in quoted[:3]) + quoted[3:] or "%00"
    if len(quoted) > FILE_NAME_BYTES:
        digest = hashlib.sha256(quoted.encode()).hexdigest()[:_DIGEST_LETTERS]
        quoted = f"{quoted[: FILE_NAME_BYTES - _DIGEST_LETTERS - 1]}~{digest}"
    return quoted


def label(name: str) -> str:
    """As the value of a metric's label: text that can be encoded, and is not endless."""
    return name[:NAME_BYTES].encode(errors="replace").decode()


def plain(words: str) -> str:
    """As text on a terminal: what does not print is shown as it is written in Python, and does nothing."""
    if words.isprintable():
        return words
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in words
    )


def plain_lines(words: str) -> str:
    """As plain(), each line for itself."""
    return "\n".join(map(plain, words.split("\n")))


def markup(words: str) -> str:
    """As text in HTML, between its tags."""
    return html.escape(plain(words), quote=False)
