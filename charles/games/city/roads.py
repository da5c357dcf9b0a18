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
TIGHTEST = 18.0  # m, the radius of the tightest curves of a street
REMOVED = 3  # streets taken out of the grid, where that leaves no dead end

ARMS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # grid steps: right, down, left, up

Node = tuple[int, int]
Edge = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class RoadSegment:
    """A lane, or a connector through a junction. junction: the one that a connector crosses, that a lane ends at.

    followers: indices of the segments that can come next. waypoints: indices of the path's points that a driver is
    directed to: the ends of bends, and of connectors.
    """

    path: Path
    connector: bool
    junction: int
    followers: tuple[int, ...]
    waypoints: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Roads:
    """roads: middle lines between junctions; junctions: their middles, m, (n, 2); arms: middle lines within them."""

    roads: list[Path]
    junctions: Floats
    arms: list[Path]
    segments: list[RoadSegment]

    @property
    def lanes(self) -> list[int]:
        return [index for index, segment in enumerate(self.segments) if not segment.connector]


class _Grid:
    """The crossings of the wobbly grid: where they lie, which arms they have, how much they are turned."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.nodes: list[Node] = [(column, row) for row in range(GRID) for column in range(GRID)]
        self.place = {n: MARGIN + BLOCK * np.array(n, float) + rng.uniform(-8, 8, 2) for n in self.nodes}
        self.turn = {n: rng.uniform(-0.24, 0.24) for n in self.nodes}
        self.bend = {n: rng.uniform(20, 27) for n in self.nodes}
        self.edges = self._thinned(rng)
        self.bulge = {edge: rng.uniform(3.0, 7.0) * rng.choice((-1, 1)) for edge in sorted(self.edges)}

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
        """The curve between two neighbours' arm ends, (k, 2) m; it swings out as far as that leaves it drivable."""
        first, last = self.arm_end(start, end), self.arm_end(end, start)
        chord = float(np.hypot(*(last - first)))
        plain = hermite(first, chord * self.direction(start, end), last, -chord * self.direction(end, start))
        normal = np.array([-(last - first)[1], (last - first)[0]]) / chord
        swing = np.sin(np.pi * np.linspace(0, 1, len(plain)))[:, None] ** 2 * normal
        bulge = self.bulge[(start, end) if (start, end) in self.edges else (end, start)]
        curves = [plain + share * bulge * swing for share in (1.0, -1.0, 0.6, -0.6, 0.3, -0.3, 0.0)]
        sharpest = [float(np.abs(path(curve).curvature).max()) for curve in curves]
        fits = [curve for curve, sharp in zip(curves, sharpest, strict=True) if sharp < 1 / TIGHTEST]
        return np.asarray(fits[0] if fits else curves[int(np.argmin(sharpest))])


def _degree(edges: set[Edge], node: Node) -> int:
    return sum(node in edge for edge in edges)


def _connected(edges: set[Edge]) -> bool:
    reached, grown = set(min(edges)), True
    while grown:
        more = {node for edge in edges if reached & set(edge) for node in edge}
        grown = not more <= reached
        reached |= more
    return len(reached) == GRID * GRID


@dataclass(slots=True)
class _Walk:
    """From a junction to the next one. points: the middle line, m, (k, 2); end, before: that junction, and the crossing
    before it; bends: where each bend on the way begins and ends, m."""

    points: Floats
    end: Node
    before: Node
    bends: list[tuple[Floats, Floats]]


def _walk(grid: _Grid, start: Node, towards: Node) -> _Walk:
    parts = [(grid.place[start] + JUNCTION_RADIUS * grid.direction(start, towards))[None]]
    bends: list[tuple[Floats, Floats]] = []
    before, here = start, towards
    while True:
        parts.append(grid.street(before, here))
        if grid.is_junction(here):
            parts.append((grid.place[here] + JUNCTION_RADIUS * grid.direction(here, before))[None])
            return _Walk(np.concatenate(parts), here, before, bends)
        (after,) = (m for m in grid.neighbours(here) if m != before)
        into, out = grid.arm_end(here, before), grid.arm_end(here, after)
        tangent = 1.17 * float(np.hypot(*(out - into)))  # makes a quarter turn nearly an arc
        bend = hermite(into, -tangent * grid.direction(here, before), out, tangent * grid.direction(here, after))
        parts.append(bend[1:-1])
        bends.append((into, out))
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
    lanes: list[_Lane] = []
    arms: list[Path] = []
    walked: set[tuple[Node, Node]] = set()
    for node in nodes:
        for towards in grid.neighbours(node):
            stop = grid.place[node] + (JUNCTION_RADIUS + 1) * grid.direction(node, towards)
            arms.append(path(np.stack([grid.place[node], stop])))
            if (node, towards) in walked:
                continue
            walk = _walk(grid, node, towards)
            walked |= {(node, towards), (walk.end, walk.before)}
            road = path(_distinct(walk.points))
            roads.append(road)
            lanes.append(_lane(road, number[node], number[walk.end], [out for _, out in walk.bends]))
            back = [into for into, _ in reversed(walk.bends)]
            lanes.append(_lane(path(road.points[::-1]), number[walk.end], number[node], back))
    return Roads(roads, np.array([grid.place[node] for node in nodes]), arms, _segments(lanes))


@dataclass(frozen=True, slots=True)
class _Lane:
    """origin, end: the junctions that it joins; bend_ends: indices of its points."""

    path: Path
    origin: int
    end: int
    bend_ends: tuple[int, ...]


def _lane(road: Path, origin: int, end: int, bend_ends: list[Floats]) -> _Lane:
    way = path(beside(road, LANE_CENTRE))
    return _Lane(way, origin, end, tuple(int(np.argmin(np.hypot(*(way.points - at).T))) for at in bend_ends))


def _segments(lanes: list[_Lane]) -> list[RoadSegment]:
    """The lanes, in their order, and after them the connectors."""
    connectors: list[RoadSegment] = []
    followers: list[list[int]] = [[] for _ in lanes]
    for i, arriving in enumerate(lanes):
        for j, leaving in enumerate(lanes):
            # Lanes come in pairs, there and back: turning round within a junction is not a way through it.
            if leaving.origin != arriving.end or j == i ^ 1:
                continue
            start, end = arriving.path.points[-1], leaving.path.points[0]
            reach = 1.17 * float(np.hypot(*(end - start)))
            headings = arriving.path.heading[-1], leaving.path.heading[0]
            tangents = [np.array([np.cos(angle), np.sin(angle)]) * reach for angle in headings]
            way = path(hermite(start, tangents[0], end, tangents[1]))
            followers[i].append(len(lanes) + len(connectors))
            connectors.append(RoadSegment(way, True, arriving.end, (j,), (len(way) - 1,)))
    return [
        RoadSegment(lane.path, False, lane.end, tuple(follow), lane.bend_ends)
        for lane, follow in zip(lanes, followers, strict=True)
    ] + connectors
