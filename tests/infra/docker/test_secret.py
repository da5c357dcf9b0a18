"""The password that nobody chose."""

from __future__ import annotations

from pathlib import Path

from infra.docker.secret import make


def test_each_folder_gets_a_long_password_of_its_own(tmp_path: Path) -> None:
    for name in ("one", "another"):
        make(tmp_path / name)
    one, another = ((tmp_path / name).read_text() for name in ("one", "another"))
    assert one != another
    assert min(len(one), len(another)) >= 24


def test_a_password_stays_what_it_is(tmp_path: Path) -> None:
    make(tmp_path / "grafana")
    before = (tmp_path / "grafana").read_text()
    make(tmp_path / "grafana")
    assert (tmp_path / "grafana").read_text() == before


def test_another_user_can_read_it_and_nobody_can_change_it(tmp_path: Path) -> None:
    make(tmp_path / "grafana")
    assert (tmp_path / "grafana").stat().st_mode & 0o777 == 0o444
    assert [path.name for path in tmp_path.iterdir()] == ["grafana"]
