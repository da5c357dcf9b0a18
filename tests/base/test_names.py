"""Names from outside, where they go. Pure."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from rich.table import Table

from charles.base.names import file_name, key_part, label, markup, plain
from charles.base.terminal import TextConsole
from tests.base.odd_names import ODD_NAMES, SURROGATE

names = pytest.mark.parametrize("name", [*ODD_NAMES.values(), SURROGATE], ids=[*ODD_NAMES, "a surrogate"])


@names
def test_a_file_of_any_name_lies_where_it_belongs(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{file_name(name)}.csv"
    path.write_text("here")
    assert [*tmp_path.iterdir()] == [path]
    assert path.name.isprintable()
    assert "\\" not in path.name


def test_different_names_are_different_files() -> None:
    every = [*ODD_NAMES.values(), SURROGATE, "x" * 300, "x" * 301, "..%", "%00", "c%6Fn"]
    assert len({file_name(name).lower() for name in every}) == len(every)


@given(
    st.lists(st.text("ab%/2F", max_size=4), min_size=2, max_size=2), st.lists(st.text("ab%/2F"), min_size=2, max_size=2)
)
def test_no_two_lists_of_names_make_one_key(one: list[str], other: list[str]) -> None:
    assert ("/".join(map(key_part, one)) == "/".join(map(key_part, other))) is (one == other)


def test_an_ordinary_name_is_its_own_key() -> None:
    assert key_part("collector-1_X.2") == "collector-1_X.2"


@names
def test_a_metric_takes_any_label(name: str) -> None:
    registry = CollectorRegistry()
    Gauge("metric", "help", ["name"], registry=registry).labels(label(name * 3)).set(1)
    assert generate_latest(registry).count(b"\nmetric{") == 1
    assert len(label(name * 3)) <= 255


@names
def test_a_terminal_shows_any_name_and_does_nothing(name: str) -> None:
    out = io.StringIO()
    console = TextConsole(file=out, force_terminal=True, width=400, color_system=None, legacy_windows=False)
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    console.print(table)
    console.print(name)
    drawn = out.getvalue()
    assert all(letter.isprintable() or letter == "\n" for letter in drawn), repr(drawn)
    if name.isprintable() and name.strip():
        assert drawn.count(name[:100]) >= 4
    assert plain(name).isprintable()


@names
def test_markup_is_no_markup(name: str) -> None:
    assert "<" not in markup(name)


def test_plain_words_tell_what_was_there() -> None:
    assert plain("a\x1b[2Jb\n\N{RIGHT-TO-LEFT OVERRIDE}\udcff") == "a\\x1b[2Jb\\n\\u202e\\udcff"
    assert plain("Zürich, 北京") == "Zürich, 北京"
    assert all(one != other for one, other in pairwise(sorted(map(plain, ODD_NAMES.values()))))
