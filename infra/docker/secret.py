"""Makes up a password and keeps it in a file, unless there is one: `python -m infra.docker.secret FILE`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path


def make(path: Path) -> None:
    """Write 24 random letters and figures, for every user in the containers that are given this folder."""
    if not path.exists():
        unfinished = path.with_name(f".{path.name}")
        unfinished.write_text(secrets.token_urlsafe(18))
        unfinished.chmod(0o444)
        unfinished.replace(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
