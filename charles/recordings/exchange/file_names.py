"""Names of people and programs as names of files."""

from __future__ import annotations

from urllib.parse import quote


def file_name(text: str) -> str:
    """A name that is no path, whatever the text is: as it is where that is plain, percent-encoded where it is not."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if not quoted.strip(".") else quoted
