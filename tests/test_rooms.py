"""The house stays in order: rooms import lower rooms only, a class's name stands once, and few modules lie loose.

ROOMS is the plan: each row may import the rows above it and nothing else. docs/ARCHITECTURE.md says what is in each.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("charles", "producers", "stream_jobs", "consumers", "infra", "benchmarks")
PROGRAMS = ("producers", "stream_jobs", "consumers")

ROOMS = (
    "charles",
    "charles.version",
    "charles.base",
    "charles.events",
    "charles.topics",
    "charles.pacing",
    "charles.programs",
    "charles.labels",
    "charles.games",
    "charles.config",
    "charles.settings",
    "charles.avro",
    "charles.metrics",
    "charles.kafka",
    "charles.control",
    "charles.ledger",
    "charles.balancing",
    "charles.models",
    "charles.driving",
    "charles.checkpoints",
    "charles.label_checks",
    "charles.recordings",
    "charles.plots",
    "charles.evaluation",
    "infra",
    "infra.kafka",
    "infra.grafana",
    "charles.supervisor",
    "charles.top",
    "charles.demo",
    "charles.cli",
    "charles.__main__",
    "infra.docker",
    "producers",
    "stream_jobs",
    "consumers",
    "producers.collector",
    "producers.replayer",
    "stream_jobs.balancer",
    "consumers.annotator",
    "consumers.player",
    "consumers.recorder",
    "consumers.trainer",
    "benchmarks",
)
NEVER = {
    "charles.balancing": "charles.kafka",
    "charles.driving": "charles.kafka",
    "charles.games": "charles.kafka",
    "charles.label_checks": "charles.kafka",
    "charles.models": "charles.kafka",
    "charles.recordings.format": "charles.kafka",
    "infra.grafana": "charles.kafka",
    "infra.kafka": "charles",
}
"""What a room must not import although it lies higher."""
EXCEPT = {("charles.balancing.engine", "charles.kafka.dead_letters")}

Imports = Mapping[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of ours, by its dotted name."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ours that one imports, also inside functions."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from [each for each in (full, node.module) if each in known and each != name][:1]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


@cache
def imports() -> Imports:
    known = modules()
    return {name: set(imported(name, path, known)) for name, path in known.items()}


def room_of(module: str) -> str:
    """charles.kafka.clients lies in charles.kafka; all benchmarks are one room."""
    return "benchmarks" if module.startswith("benchmarks") else ".".join(module.split(".")[:2])


def between_rooms(every: Imports) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for module, others in every.items():
        found[room_of(module)] |= {room_of(other) for other in others} - {room_of(module)}
    return found


def wrong(every: Imports) -> list[str]:
    """What goes against the plan, a line each."""
    floor = {room: number for number, room in enumerate(ROOMS)}
    found = []
    for room, others in between_rooms(every).items():
        for other in sorted(others):
            if room not in floor or other not in floor:
                found.append(f"{room if room not in floor else other} is in no row of ROOMS")
            elif floor[other] >= floor[room]:
                found.append(f"{room} imports {other}")
            elif room.split(".")[0] in PROGRAMS and other.split(".")[0] in PROGRAMS and other not in PROGRAMS:
                found.append(f"{room} imports {other}: programs meet in topics")
    return found


def forbidden(every: Imports) -> list[str]:
    """Imports that NEVER forbids."""
    return [
        f"{module} imports {other}"
        for module, others in every.items()
        for other in sorted(others)
        for room, never in NEVER.items()
        if _in(module, room) and _in(other, never) and (module, other) not in EXCEPT
    ]


def _in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def circle(every: Imports) -> list[str] | None:
    """Modules that import each other in a circle; None where there is none."""
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> list[str] | None:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return None
        found = next((c for other in sorted(every[module]) if (c := visit(other, (*way, module)))), None)
        done.add(module)
        return found

    return next((found for module in sorted(every) if (found := visit(module, ()))), None)


def test_rooms_import_lower_rooms_only() -> None:
    assert wrong(imports()) == []
    assert forbidden(imports()) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    # A package that offers what its modules define is imported before them, and that is no circle.
    every = {
        name: {other for other in others if not name.startswith(f"{other}.")} for name, others in imports().items()
    }
    assert circle(every) is None


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("charles.base.logs", "charles.kafka.clients"),
        ("charles.kafka.clients", "charles.control.link"),
        ("infra.kafka.broker", "charles.settings"),
        ("charles.balancing.sets", "charles.kafka.clients"),
        ("consumers.trainer.live", "stream_jobs.balancer.session"),
        ("charles.cli.run_command", "producers.replayer"),
    ],
)
def test_an_import_against_the_plan_is_found(module: str, other: str) -> None:
    planted = {**imports(), module: imports()[module] | {other}}
    assert any(room_of(other) in line for line in [*wrong(planted), *forbidden(planted)])


def test_a_circle_is_found() -> None:
    planted = {**imports(), "charles.kafka.clients": imports()["charles.kafka.clients"] | {"charles.kafka.reading"}}
    found = circle(planted)
    assert found is not None
    assert ("charles.kafka.clients", "charles.kafka.reading") in pairwise(found)


def test_few_modules_lie_loose_and_the_rooms_are_twenty_at_most() -> None:
    loose = [path.name for path in (ROOT / "charles").glob("*.py")]
    rooms = [path.parent.name for path in (ROOT / "charles").glob("*/__init__.py")]
    assert len(loose) <= 10, loose
    assert len(rooms) <= 20, rooms


def test_no_chain_of_imports_goes_through_more_than_nine_rooms() -> None:
    rooms = {room for room in ROOMS if (ROOT / Path(*room.split("."))).is_dir() and room != "charles"}
    graph = between_rooms(imports())

    @cache
    def longest(room: str) -> tuple[str, ...]:
        below = max((longest(other) for other in graph.get(room, ())), key=len, default=())
        return (room, *below) if room in rooms else below

    chain = max((longest(room) for room in rooms if room.startswith("charles.")), key=len)
    assert len(chain) <= 9, chain


def test_the_name_of_a_class_stands_once() -> None:
    names = Counter(
        node.name for path in modules().values() for node in ast.walk(_tree(path)) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_a_program_is_named_by_the_table_of_programs_alone() -> None:
    """charles/ imports no program, and only programs.py writes the name of a program's module."""
    told = {
        f"{name}: {node.value}"
        for name, path in modules().items()
        if name.startswith("charles.") and name != "charles.programs"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith(tuple(f"{folder}." for folder in PROGRAMS)) and node.value in modules()
    }
    assert told == set()


def test_the_places_that_the_architecture_names_are_there() -> None:
    """Every `file.py` exists, and defines what stands behind it: charles/labels/bins.py: `Scale.bin_of()`."""
    text = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"\b(?:charles|consumers|producers|stream_jobs|infra|tests)/[\w/]+\.py", text))
    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path).is_file()] == []
    named = re.findall(r"((?:charles|consumers|producers|stream_jobs|infra)/[\w/]+\.py): `([\w.]+)(?:\(\))?`", text)
    assert len(named) > 20
    for path, what in named:
        tree: ast.Module | ast.ClassDef = _tree(ROOT / path)
        for name in what.split("."):
            found = [n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == name]
            assert found, f"{path} defines no {what}"
            tree = found[0]  # type: ignore[assignment]


def test_the_errors_that_docstrings_name_exist() -> None:
    """What stands after "Raises" is a class of ours, of Python, or of a library."""
    classes = {n.name for p in modules().values() for n in ast.walk(_tree(p)) if isinstance(n, ast.ClassDef)}
    libraries = {"KafkaException", "BufferError", *dir(builtins)}
    told: dict[str, Path] = {}
    for path in modules().values():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and (words := ast.get_docstring(node)):
                for sentence in re.findall(r"\bRaises ([^.:;(]*)", words):
                    told |= dict.fromkeys(re.findall(r"\b[A-Z]\w+[a-z]\w*", sentence), path)
    assert {name: path for name, path in told.items() if name not in classes | libraries} == {}
