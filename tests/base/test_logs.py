"""What programs write: one line an event, no secrets, and nothing that can end a program."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charles import topics
from charles.base import logs
from charles.base.logs import ProgressLine
from charles.settings import Kafka, Settings, load
from tests.kafka_tools import read_all
from tests.logged import logged, until
from tests.programs import heard

log = logging.getLogger("charles.tests")
SECRETS = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs", "Cc", "Zs"]), min_size=8, max_size=30)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def set_up(form: str = "human", level: str = "info", **kafka: Any) -> Settings:
    settings = load(logs={"format": form, "level": level}, kafka=kafka)
    logs.set_up(settings.logs, settings.redactor, "balancer", "balancer-1")
    return settings


def test_people_read_when_who_how_bad_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    log.warning("%d ticks were lost", 3)
    (line,) = told(capsys)
    assert re.fullmatch(r"\d\d:\d\d:\d\d balancer-1 warning  3 ticks were lost", line)


def test_people_read_one_line_an_event_even_of_a_message_with_more(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    log.info("one\n  two\n")
    (line,) = told(capsys)
    assert line.endswith("info     one; two")


def test_a_level_is_coloured_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up()
    for kind, coloured in ((Terminal, True), (io.StringIO, False)):
        out = kind()
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), "utf-8"))
        monkeypatch.setattr(sys.stderr, "isatty", out.isatty, raising=False)
        log.error("no")
        sys.stderr.flush()
        written = sys.stderr.buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert ("\x1b[31merror\x1b[0m" in written) == coloured
        assert ("\x1b" in written) == coloured


def test_machines_read_one_object_a_line_with_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    logs.bind(collector="collector-2", run="r7")
    log.info("one\ntwo", extra={"tick": 41, "loss": float("nan"), "place": Path("here")})
    event = json.loads(*told(capsys))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
    assert event == {
        "level": "info",
        "program": "balancer",
        "instance": "balancer-1",
        "logger": "charles.tests",
        "message": "one\ntwo",
        "collector": "collector-2",
        "run": "r7",
        "tick": 41,
        "loss": "nan",
        "place": "here",
    }


def test_the_level_is_ours_and_libraries_stay_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(level="debug")
    log.debug("ours")
    logging.getLogger("matplotlib").debug("theirs")
    set_up(level="error")
    log.warning("too little")
    assert [line.split()[-1] for line in told(capsys)] == ["ours"]


@pytest.mark.parametrize("form", ["human", "json"])
def test_the_last_line_after_a_crash_says_what_happened(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(form)
    try:
        raise ValueError("too\nlate")
    except ValueError as error:
        logs.failed(error)
    lines = told(capsys)
    if form == "json":
        event = json.loads(*lines)
        assert event["message"] == "failed: ValueError: too late"
        assert event["traceback"].startswith("Traceback")
    else:
        assert lines[0].startswith("Traceback")
        assert lines[-1].endswith("critical failed: ValueError: too late")


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_thread_that_dies_and_a_warning_are_events_too(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(form)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    warnings.warn("soon gone", DeprecationWarning, stacklevel=1)
    text = "\n".join(told(capsys))
    assert "failed: ZeroDivisionError" in text
    assert "soon gone" in text
    if form == "json":
        assert all(json.loads(line) for line in text.splitlines())


@pytest.mark.parametrize("form", ["human", "json"])
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(password=SECRETS, token=SECRETS, user=SECRETS)
def test_no_secret_is_in_any_line(
    form: str, password: str, token: str, user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(
        form,
        properties={"sasl.password": password, "sasl.oauthbearer.client.secret": token},
        schema_registry_url=f"https://reader:{user.replace('/', '-')}@registry:8081",
    )
    logs.bind(run=token)
    try:
        try:
            raise KeyError(password)
        except KeyError as error:
            raise RuntimeError(f"https://reader:{user.replace('/', '-')}@registry:8081 refuses {token!r}") from error
    except RuntimeError as error:
        logs.failed(error)
    log.warning("%s and %r of %s", password, {"token": token}, user.replace("/", "-"), extra={"batch": password})
    written = capsys.readouterr().err
    read = written if form == "human" else repr([json.loads(line) for line in written.splitlines()])
    for secret in (password, token, user.replace("/", "-")):
        for text in (written, read):
            assert secret not in text
            assert repr(secret)[1:-1] not in text


def test_a_line_that_was_torn_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up("json")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with open(writing, "w") as pipe:  # noqa: PTH123  (a pipe has no path)
        monkeypatch.setattr(sys, "stderr", pipe)
        for _ in range(100):
            log.info("x" * 9_000)
        first = os.read(reading, 1 << 20)
        log.info("after")
        monkeypatch.undo()
    second = os.read(reading, 1 << 20)
    os.close(reading)
    *whole, torn = (first + second).decode().splitlines()[:-1]
    assert whole
    assert all(json.loads(line)["message"] for line in whole)
    with pytest.raises(json.JSONDecodeError):
        json.loads(torn)
    assert json.loads(second)["message"] == "after"


def test_progress_rewrites_a_terminal_s_line_and_is_an_event_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    terminal, file = Terminal(), io.StringIO()
    for out in (terminal, file):
        progress = ProgressLine(log, terminal_s=0.0, out=out)
        assert progress.due()
        progress.show("batch 7", batch=7)
    assert terminal.getvalue() == "\rbatch 7\x1b[K"
    assert file.getvalue() == ""
    assert json.loads(*told(capsys))["batch"] == 7
    assert not progress.due()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_collector_on_a_full_disk_goes_on_collecting(kafka: Kafka) -> None:
    with logged("collect", kafka, Path("/dev/full"), collector={"game": "carracing"}):
        heard(kafka, lambda status: status.state == "running")
        before = len(read_all(kafka, topics.FRAMES))
        until(lambda: len(read_all(kafka, topics.FRAMES)) > before + 180)  # a line is due after five seconds


@pytest.mark.skipif(os.name != "posix", reason="this system has no named pipes")
def test_a_collector_whose_output_nobody_reads_any_more_goes_on_collecting(kafka: Kafka, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with logged("collect", kafka, pipe, collector={"game": "carracing"}):
        heard(kafka, lambda status: status.state == "running")
        os.close(reader)
        before = len(read_all(kafka, topics.FRAMES))
        until(lambda: len(read_all(kafka, topics.FRAMES)) > before + 180)


def test_every_line_of_a_real_program_is_json_with_its_run(kafka: Kafka, tmp_path: Path) -> None:
    path = tmp_path / "collector.log"
    with logged("collect", kafka, path, collector={"game": "carracing", "name": "c9"}, logs={"format": "json"}):
        until(lambda: '"tick"' in path.read_text())
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert {event["instance"] for event in events} == {"c9"}
    assert {event["collector"] for event in events if "tick" in event} == {"c9"}
    assert all(event["run"] for event in events if "tick" in event)
