"""What the images have installed: all that their programs need, in the versions that are tested here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[3]
MODULES = {"pillow": "PIL"}
"""Of packages that are imported under another name."""


def listed(name: str) -> list[str]:
    lines = (ROOT / "infra/docker" / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pinned(kind: str = "") -> set[str]:
    """Every package with its version, such as numpy==2.4.6."""
    return set(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / f"requirements{kind}.txt").read_text(), re.MULTILINE))


LEFT_OUT = {"slim": ("only-with-a-screen.txt", "only-learning.txt"), "full": ("only-with-a-screen.txt",)}
IMPORTED = {
    "slim": (
        "producers",
        "stream_jobs",
        "consumers.annotator",
        "consumers.recorder",
        "charles.cli",
        "charles.top",
        "infra.docker",
    ),
    "full": ("consumers.trainer", "consumers.player", "charles.models"),
}
IMPORT_ALL = """
import importlib, importlib.abc, pkgutil, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(name)

missing, packages = [words.split(",") for words in sys.argv[1:]]
sys.meta_path.insert(0, Missing())
for package in map(importlib.import_module, packages):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


@pytest.mark.parametrize("kind", ["slim", pytest.param("full", marks=pytest.mark.slow)])
def test_programs_need_nothing_that_their_image_leaves_out(kind: str) -> None:
    missing = [MODULES.get(name, name) for file in LEFT_OUT[kind] for name in listed(file)]
    missing += ["keras"] if "tensorflow" in missing else []
    command = [sys.executable, "-c", IMPORT_ALL, ",".join(missing), ",".join(IMPORTED[kind])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("kind", ["slim", "full"])
def test_an_image_has_the_tested_versions_and_nothing_that_is_left_out(kind: str) -> None:
    assert pinned(f"-{kind}") < pinned()
    names = {requirement.partition("==")[0] for requirement in pinned(f"-{kind}")}
    assert not names & {name for file in LEFT_OUT[kind] for name in listed(file)}


def test_what_learns_has_all_that_the_slim_image_has() -> None:
    assert pinned("-slim") < pinned("-full") < pinned("-gpu")
    assert "tensorflow" in {requirement.partition("==")[0] for requirement in pinned("-full")}
    assert all(requirement.startswith("nvidia-") for requirement in pinned("-gpu") - pinned())
