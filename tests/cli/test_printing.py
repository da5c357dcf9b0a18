"""What commands print."""

from __future__ import annotations

import pytest
from rich.table import Table

from charles.cli.printing import table_console


@pytest.mark.parametrize(("columns", "whole"), [(None, True), ("40", False)])
def test_a_file_gets_a_table_whole_unless_somebody_says_how_wide(
    columns: str | None, whole: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    table = Table(box=None)
    for number in range(12):
        table.add_column(f"column {number}", no_wrap=True)
    table.add_row(*["a long cell"] * 12)
    table_console().print(table)
    assert (capsys.readouterr().out.count("a long cell") == 12) is whole
