"""Client properties in a file: one NAME=VALUE per line, as for kcat -F and Kafka's own tools."""

from __future__ import annotations

from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The properties; blank lines and lines that begin with # are ignored.

    Raises ValueError for a file that cannot be read or has an invalid line. Its contents are never quoted, because they
    may be secret.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not encoded as UTF-8") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    found = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"line {number} of {path} should be NAME=VALUE")
        found[name.strip()] = value.strip()
    return found
