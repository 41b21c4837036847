"""Lines one pixel wide as a graph, and the strokes in it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixel = tuple[int, int]
_RING = ((0, -1), (1, 0), (0, 1), (-1, 0), (1, -1), (1, 1), (-1, 1), (-1, -1))
"""Neighbors as (x, y), the four nearest first."""
_SPUR = 1.0
"""Loose ends shorter than this many widths of the ink come from thinning a corner."""
_STRAIGHT = math.radians(50)
"""Lines that turn by less at a junction are one stroke."""


@dataclass
class Edge:
    """A line between two nodes.

    Attributes:
        points: from one to the other, ``[n, 2]``, x and y in pixels.
        nodes: numbers of the nodes at its ends.
    """

    points: list[tuple[float, float]]
    nodes: list[int]

    @property
    def length(self) -> float:
        """In pixels."""
        return float(sum(math.dist(a, b) for a, b in zip(self.points, self.points[1:], strict=False)))


def edges_of(line: NDArray[np.bool_]) -> list[Edge]:
    """Return the edges of a line drawing; every pixel with one, or more than two, neighbors is part of a node.

    Args:
        line: bool ``[h, w]``, one pixel wide.
    """
    pixels = {(int(x), int(y)) for y, x in np.argwhere(line)}
    around = {pixel: list(_neighbors(pixel, pixels)) for pixel in pixels}
    node_of = _nodes(around)
    edges, used = [], set()
    for start in [pixel for pixel in around if pixel in node_of]:
        for step in around[start]:
            if (start, step) in used or node_of.get(step) == node_of[start]:
                continue
            way = _walk(start, step, around, node_of)
            used |= {(way[0], way[1]), (way[-1], way[-2])}
            edges.append(Edge([(x + 0.5, y + 0.5) for x, y in way], [node_of[way[0]], node_of[way[-1]]]))
    seen = {pixel for edge in edges for pixel in ((int(x), int(y)) for x, y in edge.points)}
    number = max(node_of.values(), default=-1) + 1
    for pixel in sorted(pixels - seen - node_of.keys(), key=lambda p: (p[1], p[0])):
        if pixel in seen or not around[pixel]:  # of a loop that was walked already; or alone, which comes below
            continue
        way = _walk(pixel, around[pixel][0], around, {pixel: number})
        seen |= set(way)
        edges.append(Edge([(x + 0.5, y + 0.5) for x, y in way], [number, number]))
        number += 1
    lone = [pixel for pixel, near in around.items() if not near]
    edges += [Edge([(x + 0.5, y + 0.5)], [number + i, number + i]) for i, (x, y) in enumerate(lone)]
    return edges


def _neighbors(pixel: Pixel, pixels: set[Pixel]) -> Iterator[Pixel]:
    """Yield neighbors; a diagonal one only if there is no way round the corner."""
    x, y = pixel
    for dx, dy in _RING:
        if (x + dx, y + dy) in pixels:
            diagonal = dx and dy
            if not diagonal or ((x + dx, y) not in pixels and (x, y + dy) not in pixels):
                yield x + dx, y + dy


def _nodes(around: dict[Pixel, list[Pixel]]) -> dict[Pixel, int]:
    """Number the nodes: ends, and junctions, whose pixels are one node where they touch."""
    node_of: dict[Pixel, int] = {}
    for pixel, near in around.items():
        if len(near) in (0, 2) or pixel in node_of:
            continue
        number, grow = len(node_of), [pixel]
        while grow:
            here = grow.pop()
            node_of[here] = number
            if len(around[here]) > 2:
                grow += [p for p in around[here] if len(around[p]) > 2 and p not in node_of]
    return node_of


def _walk(start: Pixel, step: Pixel, around: dict[Pixel, list[Pixel]], node_of: dict[Pixel, int]) -> list[Pixel]:
    way = [start, step]
    while way[-1] not in node_of:
        onward = [pixel for pixel in around[way[-1]] if pixel != way[-2]]
        if not onward:
            break
        way.append(onward[0])
    return way


def strokes_of(edges: list[Edge], width: float) -> list[NDArray[np.float32]]:
    """Return the strokes of a graph, float32 ``[n, 2]`` each, in pixels; closed ones end where they begin.

    Args:
        edges: of the graph.
        width: of the ink that was thinned, in pixels.
    """
    edges = _without_spurs(edges, width)
    _contract(edges, 0.9 * width)
    edges = [edge for edge in edges if edge.points]
    onward = _continued(edges, width)
    strokes, done = [], set()
    # Chains are walked from their open ends; what is left then are rings.
    ends = [(i, side) for i in range(len(edges)) for side in (0, 1) if (i, side) not in onward]
    for first in [*ends, *((i, 0) for i in range(len(edges)))]:
        if first[0] in done:
            continue
        points: list[tuple[float, float]] = []
        here: tuple[int, int] | None = first
        while here is not None and here[0] not in done:
            number, side = here
            done.add(number)
            points += edges[number].points[:: -1 if side else 1]
            here = onward.get((number, 1 - side))
        if here is not None and here == first and len(points) > 3:
            points.append(points[0])
        strokes.append(np.array(points, np.float32))
    return [stroke for stroke in strokes if len(stroke)]


def _without_spurs(edges: list[Edge], width: float) -> list[Edge]:
    """Cut off short lines that end nowhere, the shortest first, as long as something else meets there."""
    while True:
        degree: dict[int, int] = defaultdict(int)
        for edge in edges:
            for node in edge.nodes:
                degree[node] += 1
        loose = [e for e in edges if sorted(min(degree[n], 3) for n in e.nodes) == [1, 3] and e.length < _SPUR * width]
        if not loose:
            return edges
        spur = min(loose, key=lambda edge: edge.length)
        edges = _joined([edge for edge in edges if edge is not spur])


def _joined(edges: list[Edge]) -> list[Edge]:
    """Make one edge of two that meet where nothing else does."""
    at: dict[int, list[tuple[Edge, int]]] = defaultdict(list)
    for edge in edges:
        for side in (0, 1):
            at[edge.nodes[side]].append((edge, side))
    for meeting in at.values():
        if len(meeting) == 2 and meeting[0][0] is not meeting[1][0]:
            (one, side), (other, other_side) = meeting
            first = one.points if side else one.points[::-1]
            second = other.points[::-1] if other_side else other.points
            made = Edge(first + second, [one.nodes[1 - side], other.nodes[1 - other_side]])
            return _joined([edge for edge in edges if edge is not one and edge is not other] + [made])
    return edges


def _contract(edges: list[Edge], most: float) -> None:
    """Make one node of two junctions that are near each other, and let its lines meet at its middle."""
    degree: dict[int, int] = defaultdict(int)
    for edge in edges:
        for node in edge.nodes:
            degree[node] += 1
    for edge in sorted(edges, key=lambda each: each.length):
        a, b = edge.nodes
        if a == b or degree[a] < 3 or degree[b] < 3 or edge.length > most:
            continue
        middle = edge.points[len(edge.points) // 2]
        edge.points = []
        for other in edges:
            for side in (0, 1):
                if other.points and other.nodes[side] in (a, b):
                    other.points.insert(len(other.points) * side, middle)
                    other.nodes[side] = a
        edge.nodes = [a, a]
        degree[a] += degree[b] - 2


def _continued(edges: list[Edge], width: float) -> dict[tuple[int, int], tuple[int, int]]:
    """Tell which end of an edge goes straight on as which end of another."""
    at: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, edge in enumerate(edges):
        for side in (0, 1):
            at[edge.nodes[side]].append((number, side))
    onward: dict[tuple[int, int], tuple[int, int]] = {}
    for meeting in at.values():
        ways = {end: _direction(edges[end[0]], end[1], 1.5 * width) for end in meeting}
        pairs = [(_turn(ways[a], ways[b]), a, b) for i, a in enumerate(meeting) for b in meeting[i + 1 :]]
        limit = math.pi if len(meeting) == 2 else _STRAIGHT
        for turn, a, b in sorted(pairs):
            if turn <= limit and a not in onward and b not in onward:
                onward[a], onward[b] = b, a
    return onward


def _direction(edge: Edge, side: int, reach: float) -> float:
    """Return the angle in which an edge leaves a node, seen ``reach`` pixels away from it."""
    points = edge.points[:: -1 if side else 1]
    far = next((point for point in points if math.dist(point, points[0]) >= reach), points[len(points) // 2])
    if far == points[0]:
        far = points[-1]
    return math.atan2(far[1] - points[0][1], far[0] - points[0][0])


def _turn(one: float, other: float) -> float:
    """Return by how much a pen turns that comes along ``one`` and leaves along ``other``."""
    return abs((one - other) % (2 * math.pi) - math.pi)
