"""Every command explains itself at once, and shells complete its name."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from charles.cli import app
from tests.patience import PATIENCE_S

HEAVY = [
    "tensorflow",
    "keras",
    "confluent_kafka",
    "cv2",
    "numpy",
    "fastavro",
    "gymnasium",
    "matplotlib",
    "plotly",
    "pyarrow",
    "psutil",
    "rich",
    "requests",
]
"""pydantic is not among them: typer itself needs it for its options."""
BIN = Path(sys.executable).parent


def commands(command: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command and group: ("kafka", "start")."""
    command = command or typer.main.get_command(app)
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def by_name(path: tuple[str, ...]) -> str:
    return " ".join(("charles", *path))


@pytest.mark.parametrize("path", list(commands()), ids=by_name)
def test_every_command_helps_with_an_example(path: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*path, "--help"])
    words = " ".join(told.output.split())
    assert told.exit_code == 0
    assert re.search(f"(Example|Start with): .*{by_name(path)}", words)


def test_help_needs_none_of_the_heavy_libraries() -> None:
    code = f"""
import sys
from typer.testing import CliRunner
from charles.cli import app
for path in {list(commands())}:
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0
print([name for name in {HEAVY} if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.fixture
def environment() -> dict[str, str]:
    """Where shells find `charles`."""
    if not (BIN / "charles").exists():
        pytest.skip(f"charles is not installed in {BIN}")
    return os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb"}


def script(shell: str, environment: dict[str, str], folder: Path) -> Path:
    """What `charles --install-completion` writes for a shell."""
    told = subprocess.run(
        ["charles"],  # noqa: S607
        env=environment | {"_CHARLES_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        check=True,
    )
    path = folder / f"completion.{shell}"
    path.write_text(told.stdout)
    return path


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("typed", "completed"), [("charles ka", ["kafka"]), ("charles kafka st", ["start", "status", "stop"])]
)
def test_bash_completes(typed: str, completed: list[str], environment: dict[str, str], tmp_path: Path) -> None:
    asks = f"""
source '{script("bash", environment, tmp_path)}'
complete -p charles | grep -q _charles_completion || exit 1
COMP_WORDS=({typed}) COMP_CWORD=$(( {len(typed.split())} - 1 ))
_charles_completion charles
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    told = subprocess.run(["bash", "--norc", "-c", asks], env=environment, capture_output=True, text=True, check=True)  # noqa: S607
    assert sorted(told.stdout.split()) == completed


class Typist:
    """Somebody who types into an interactive zsh."""

    def __init__(self, environment: dict[str, str]) -> None:
        import pty

        self.screen = ""
        pid, self._terminal = pty.fork()
        if pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)  # noqa: S606, S607
        self._pid = pid

    def types(self, keys: str) -> None:
        self.screen = ""
        os.write(self._terminal, keys.encode())

    def sees(self, *words: str) -> bool:
        """Whether all of them come to stand on the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while not all(word in self.screen for word in words) and time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 0.2)[0]:
                self.screen += os.read(self._terminal, 4096).decode(errors="replace")
        return all(word in self.screen for word in words)

    def close(self) -> None:
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh here")
def test_zsh_completes(environment: dict[str, str], tmp_path: Path) -> None:
    typist = Typist(environment)
    try:
        completion = script("zsh", environment, tmp_path)
        typist.types(f"PS1='> '; autoload -U compinit; compinit -u -D; source '{completion}'; print re''ady\n")
        assert typist.sees("ready")
        typist.types("charles ka\t")
        assert typist.sees("charles kafka")
        typist.types("st\t")
        assert typist.sees("start", "stop", "status"), typist.screen
    finally:
        typist.close()
