"""The roads of a town: a wobbly grid with some streets missing, and the lanes on it.

Crossings with three or four arms are junctions; where only two arms are left the road just bends. Right-hand traffic,
one lane each way. A lane is followed by connectors (one for each way through the junction), a connector by a lane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from charles.games.city.paths import Floats, Path, beside, hermite, path

GRID = 4  # crossings along each side of the town
BLOCK = 84.0  # m between two crossings
MARGIN = 48.0  # m of land around the outermost crossings
SIZE = BLOCK * (GRID - 1) + 2 * MARGIN  # m, the side of the world's square
LANE_CENTRE = 1.75  # m from the middle of the road to the middle of a lane
ROAD_HALF = 3.6  # m from the middle of the road to the kerb
PAVEMENT = 2.4  # m from the kerb to the houses' side of the pavement
JUNCTION_RADIUS = 12.0  # m from a junction's middle to its stop lines
STRAIGHT = 15.0  # m from a junction's middle that an arm runs straight
REMOVED = 3  # streets taken out of the grid, where that leaves no dead end

ARMS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # grid steps: right, down, left, up

Node = tuple[int, int]
Edge = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Segment:
    """A lane, or a connector through a junction. junction: the one that a connector crosses, that a lane ends at.

    followers: indices of the segments that can come next.
    """

    path: Path
    connector: bool
    junction: int
    followers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Roads:
    """roads: middle lines between junctions; junctions: their middles, m, (n, 2); arms: middle lines within them."""

    roads: list[Path]
    junctions: Floats
    arms: list[Path]
    segments: list[Segment]

    @property
    def lanes(self) -> list[int]:
        return [index for index, segment in enumerate(self.segments) if not segment.connector]


class _Grid:
    """The crossings of the wobbly grid: where they lie, which arms they have, how much they are turned."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.nodes: list[Node] = [(column, row) for row in range(GRID) for column in range(GRID)]
        self.place = {n: MARGIN + BLOCK * np.array(n, float) + rng.uniform(-8, 8, 2) for n in self.nodes}
        self.turn = {n: rng.uniform(-0.24, 0.24) for n in self.nodes}
        self.bend = {n: rng.uniform(18, 27) for n in self.nodes}
        self.edges = self._thinned(rng)
        self.bulge = {edge: rng.uniform(3.0, 7.5) * rng.choice((-1, 1)) for edge in sorted(self.edges)}

    def _thinned(self, rng: np.random.Generator) -> set[Edge]:
        edges = {
            (n, m) for n in self.nodes for step in ARMS[:2] if (m := (n[0] + step[0], n[1] + step[1])) in self.place
        }
        candidates = sorted(edges)
        removed = 0
        for index in rng.permutation(len(candidates)):
            rest = edges - {candidates[index]}
            if removed < REMOVED and all(_degree(rest, n) >= 2 for n in candidates[index]) and _connected(rest):
                edges, removed = rest, removed + 1
        return edges

    def neighbours(self, node: Node) -> list[Node]:
        steps = [(node[0] + step[0], node[1] + step[1]) for step in ARMS]
        return [m for m in steps if (node, m) in self.edges or (m, node) in self.edges]

    def is_junction(self, node: Node) -> bool:
        return len(self.neighbours(node)) > 2

    def direction(self, node: Node, towards: Node) -> Floats:
        """The unit vector of the arm that leaves a crossing towards a neighbour."""
        angle = np.arctan2(towards[1] - node[1], towards[0] - node[0]) + self.turn[node]
        return np.array([np.cos(angle), np.sin(angle)])

    def arm_end(self, node: Node, towards: Node) -> Floats:
        """Where the straight part of an arm ends, m."""
        reach = STRAIGHT if self.is_junction(node) else self.bend[node]
        return np.asarray(self.place[node] + reach * self.direction(node, towards))

    def street(self, start: Node, end: Node) -> Floats:
        """The curve between two neighbours' arm ends, (k, 2) m."""
        first, last = self.arm_end(start, end), self.arm_end(end, start)
        chord = float(np.hypot(*(last - first)))
        points = hermite(first, chord * self.direction(start, end), last, -chord * self.direction(end, start))
        forth = (start, end) in self.edges
        bulge = self.bulge[(start, end) if forth else (end, start)] * (1 if forth else -1)
        normal = np.array([-(last - first)[1], (last - first)[0]]) / chord
        swing = np.sin(np.pi * np.linspace(0, 1, len(points))) ** 2
        # A short street cannot swing as far as a long one without a hairpin.
        return np.asarray(points + (bulge * min(1.0, (chord / 55.0) ** 2) * swing)[:, None] * normal)


def _degree(edges: set[Edge], node: Node) -> int:
    return sum(node in edge for edge in edges)


def _connected(edges: set[Edge]) -> bool:
    reached, grown = set(min(edges)), True
    while grown:
        more = {node for edge in edges if reached & set(edge) for node in edge}
        grown = not more <= reached
        reached |= more
    return len(reached) == GRID * GRID


def _walk(grid: _Grid, start: Node, towards: Node) -> tuple[Floats, Node, Node]:
    """The middle line from a junction to the next one: points (k, 2) m, that junction, and the crossing before it."""
    begin = grid.place[start] + JUNCTION_RADIUS * grid.direction(start, towards)
    parts = [begin[None]]
    before, here = start, towards
    while True:
        parts.append(grid.street(before, here))
        if grid.is_junction(here):
            parts.append((grid.place[here] + JUNCTION_RADIUS * grid.direction(here, before))[None])
            return np.concatenate(parts), here, before
        (after,) = (m for m in grid.neighbours(here) if m != before)
        into, out = grid.arm_end(here, before), grid.arm_end(here, after)
        tangent = 1.17 * float(np.hypot(*(out - into)))  # makes a quarter turn nearly an arc
        bend = hermite(into, -tangent * grid.direction(here, before), out, tangent * grid.direction(here, after))
        parts.append(bend[1:-1])
        before, here = here, after


def _distinct(points: Floats) -> Floats:
    keep = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > 1e-6])
    return np.asarray(points[keep])


def build_roads(rng: np.random.Generator) -> Roads:
    """A town's roads and lanes; the same state of rng gives the same ones."""
    grid = _Grid(rng)
    nodes = [node for node in grid.nodes if grid.is_junction(node)]
    number = {node: index for index, node in enumerate(nodes)}
    roads: list[Path] = []
    lanes: list[tuple[Path, int, int]] = []  # the path, the junction it leaves, the junction it ends at
    arms: list[Path] = []
    walked: set[tuple[Node, Node]] = set()
    for node in nodes:
        for towards in grid.neighbours(node):
            stop = grid.place[node] + (JUNCTION_RADIUS + 1) * grid.direction(node, towards)
            arms.append(path(np.stack([grid.place[node], stop])))
            if (node, towards) in walked:
                continue
            points, end, before = _walk(grid, node, towards)
            walked |= {(node, towards), (end, before)}
            road = path(_distinct(points))
            back = path(road.points[::-1])
            roads.append(road)
            lanes.append((path(beside(road, LANE_CENTRE)), number[node], number[end]))
            lanes.append((path(beside(back, LANE_CENTRE)), number[end], number[node]))
    return Roads(roads, np.array([grid.place[node] for node in nodes]), arms, _segments(lanes))


def _segments(lanes: list[tuple[Path, int, int]]) -> list[Segment]:
    """The lanes, in their order, and after them the connectors."""
    connectors: list[Segment] = []
    followers: list[list[int]] = [[] for _ in lanes]
    for i, (arriving, _, junction) in enumerate(lanes):
        for j, (leaving, origin, _) in enumerate(lanes):
            # Lanes come in pairs, there and back: turning round within a junction is not a way through it.
            if origin != junction or j == i ^ 1:
                continue
            start, end = arriving.points[-1], leaving.points[0]
            reach = 1.17 * float(np.hypot(*(end - start)))
            tangents = [np.array([np.cos(a), np.sin(a)]) * reach for a in (arriving.heading[-1], leaving.heading[0])]
            way = path(hermite(start, tangents[0], end, tangents[1]))
            followers[i].append(len(lanes) + len(connectors))
            connectors.append(Segment(way, True, junction, (j,)))
    return [
        Segment(lane, False, end, tuple(follow)) for (lane, _, end), follow in zip(lanes, followers, strict=True)
    ] + connectors
