"""Silence while TensorFlow loads, whatever standard error is; and no garbage is collected meanwhile."""

from __future__ import annotations

import gc
import os
import shlex
import subprocess
import sys

import pytest

from charles.base.tensorflow_import import loading_tensorflow

LOADING = """
import os, sys
from charles.base.tensorflow_import import loading_tensorflow
with loading_tensorflow():
    os.write(2, b"greetings") if sys.stderr else None
print("later", file=sys.stderr)
"""


def run(redirection: str) -> subprocess.CompletedProcess[str]:
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(LOADING)} {redirection}"
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)  # noqa: S607


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_what_is_written_meanwhile_goes_nowhere_and_what_comes_later_does_not() -> None:
    told = run("")
    assert (told.returncode, told.stderr) == (0, "later\n")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_program_whose_standard_error_is_closed_loads_as_well() -> None:
    assert run("2>&-").returncode == 0


def test_no_garbage_is_collected_meanwhile_and_afterwards_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with loading_tensorflow():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_garbage_of_a_life_before_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", gc)
    kept = gc.get_freeze_count()
    with loading_tensorflow():
        pass
    assert gc.get_freeze_count() == kept
