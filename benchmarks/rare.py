"""How much sooner sets fill when collectors seek what starves: drives without pictures and without Kafka."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from unittest.mock import patch

import numpy as np

from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace
from charles.balancing.sets import Bins
from charles.balancing.shortage import Filling, starving
from charles.config import Config
from charles.games.city.camera import Camera
from charles.games.game import open_game
from charles.games.gymnasium.quick_render import QuickCarRacing
from charles.pacing import HZ
from producers.collector.disturbances import Disturbances
from producers.collector.drive_session import DriveSession
from producers.collector.wanted_ranges import wanted

GAMES = ("city", "carracing")
TEN_MINUTES = 600 * HZ
_TICKS = 300 * HZ
HEARD_AFTER = round(1.5 * HZ)
"""Ticks from what the balancer sees to what the collector does: both look once a second."""
_BETWEEN_SEEDS = 100


@dataclass(frozen=True, slots=True)
class Drove:
    """What one collector's drive gave. sets: by kind; labels: by output, how often each bin came; metres, crashes: of
    the whole drive."""

    ticks: int
    sets: Counter[str]
    labels: dict[str, Counter[int]]
    metres: float
    crashes: int

    def figures(self) -> dict[str, float]:
        """Sets in ten minutes; the rarest bin's share of the ticks, percent; metres a crash; metres a second."""
        sets = {kind: count * TEN_MINUTES / self.ticks for kind, count in self.sets.items()}
        rarest = min(min(counts.values()) for counts in self.labels.values())
        return sets | {
            "rarest": 100 * rarest / self.ticks,
            "crash": self.metres / max(self.crashes, 1),
            "speed": self.metres * HZ / self.ticks,
        }


@contextmanager
def rare(place: BenchPlace) -> Iterator[Contest]:
    """Sets in ten minutes of driving, by game and output; both sides drive through the same worlds, new ones at every
    turn."""
    ticks = place.count(_TICKS)

    def turns(*, seek: bool) -> Iterator[Figures]:
        for number in count(1):
            drives = {game: drive(game, number * _BETWEEN_SEEDS, ticks, seek=seek).figures() for game in GAMES}
            yield {f"{game} {name}": figure for game, figures in drives.items() for name, figure in figures.items()}

    ours, yardstick = turns(seek=True), turns(seek=False)
    yield Contest(lambda: next(ours), lambda: next(yardstick))


def drive(game: str, seed: int, ticks: int, *, seek: bool) -> Drove:
    """Drive as a collector does for so many ticks, and until there is a set of every kind, and balance what comes.

    seek: whether the collector listens to what starves.
    """
    config = Config()
    bins: Bins[int] = Bins(config.set_kinds, config.balance.bin_capacity)
    outputs = config.predicted
    sets = Counter(dict.fromkeys(bins.kinds, 0))
    labels = {output.value: Counter(dict.fromkeys(range(len(output.scale)), 0)) for output in outputs}
    disturbances, heard = Disturbances(seed), deque[list[str]]()
    tick = 0
    metres = 0.0
    with blind(), closing(DriveSession(lambda world: open_game(game, world), seed, config)) as way:
        while tick < ticks or not all(sets.values()):
            seen, action = way.observe(), way.game.drive()
            metres += seen.telemetry.speed / HZ
            answers = {"steering": action.steering, "acceleration_braking": action.acceleration_braking}
            for output in outputs:
                labels[output.value][output.scale.bin_of(answers[output.value])] += 1
            if way.tick >= config.balance.history:
                bins.add(tick, answers)
                sets.update(_taken(bins))
            heard.append(_starving(bins, sets) if tick % HZ == 0 else heard[-1])
            if len(heard) > HEARD_AFTER:
                disturbances.seek(wanted(heard.popleft()) if seek else ())
            applied = disturbances.applied(action)
            way.game.act(way.game.mapping.to_controller(applied))
            way.advance()
            tick += 1
    return Drove(tick, sets, labels, metres, way.crashes)


def _taken(bins: Bins[int]) -> Counter[str]:
    """Take every whole set out; how many there were of each kind."""
    sets: Counter[str] = Counter()
    for kind in bins.kinds:
        while (chosen := bins.whole_set(kind)) is not None:
            bins.take(kind, chosen)
            sets[kind] += 1
    return sets


def _starving(bins: Bins[int], sets: Counter[str]) -> list[str]:
    """What a balancer's status would name now."""
    return starving(Filling(kind, bins.counts(name), bins.came(name), sets[name]) for name, kind in bins.kinds.items())


@contextmanager
def blind() -> Iterator[None]:
    """Games whose pictures are black and cost nothing."""
    city, racing = np.zeros((270, 480, 3), np.uint8), np.zeros((96, 96, 3), np.uint8)
    with ExitStack() as stack:
        stack.enter_context(patch.object(Camera, "__init__", lambda *_: None))
        stack.enter_context(patch.object(Camera, "picture", lambda *_: city))
        stack.enter_context(patch.object(Camera, "set_weather", lambda *_: None))
        stack.enter_context(patch.object(QuickCarRacing, "_render", lambda *_: racing))
        yield
