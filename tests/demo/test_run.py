"""What the demo does before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from charles.demo.run import run
from charles.settings import load


def test_what_is_not_the_last_demos_is_never_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    precious = tmp_path / "kafka" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    with pytest.raises(RuntimeError, match="choose another --folder"):
        run(load(demo={"folder": tmp_path}), Console())
    assert precious.read_text() == "years of work"
