"""Client properties in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles.base.typed_sections import ConfigError
from charles.settings import environment, load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "client.properties"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_holds_properties_and_the_settings_own_win(tmp_path: Path) -> None:
    path = written(tmp_path, "# a comment\n\nsasl.username = me\nsasl.password=with=equals\n")
    kafka = load(kafka={"properties_file": path, "properties": {"sasl.username": "you"}}).kafka
    assert kafka.client_properties == {"sasl.username": "you", "sasl.password": "with=equals"}


def test_programs_that_are_started_are_told_of_the_file_and_not_of_what_is_in_it(tmp_path: Path) -> None:
    path = written(tmp_path, "sasl.password=hunter2\n")
    told = environment(load(kafka={"properties_file": path}))
    assert str(path) in told["CHARLES_KAFKA"]
    assert "hunter2" not in "".join(told.values())


@pytest.mark.parametrize(
    ("text", "says"), [("sasl.password hunter2", "line 1 of"), ("a=b\n=hunter2", "line 2 of"), (None, "No such file")]
)
def test_a_file_that_is_none_is_an_error_that_quotes_nothing(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "nosuch" if text is None else written(tmp_path, text)
    with pytest.raises(ConfigError, match=says) as error:
        load(kafka={"properties_file": path})
    assert "hunter2" not in str(error.value)
    assert "properties_file" in str(error.value)
