"""Lines one pixel wide as a graph, and the strokes in it.

Pixels of a whole batch are numbered together, and who neighbors whom is found for all of them at once; what is left
to plain Python are walks along lines, in numbers of pixels.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RING = ((0, -1), (1, 0), (0, 1), (-1, 0), (1, -1), (1, 1), (-1, 1), (-1, -1))
"""Neighbors as (x, y), the four nearest first."""
_BESIDE = {4: (0, 1), 5: (1, 2), 6: (2, 3), 7: (3, 0)}
"""A diagonal neighbor -> the nearest two that lead to it round the corner."""
_SPUR, _STEM = 1.0, 0.6
"""Loose ends shorter than so many widths of the ink come from thinning: at a corner, and on a line that goes straight
on, which the stems of 艹 stand on."""
_STRAIGHT = math.radians(50)
"""Lines that turn by less at a junction are one stroke."""

Point = tuple[float, float]
End = tuple[int, int]
"""Number of an edge, and 0 for its first end or 1 for its last."""


@dataclass
class Edge:
    """A line between two nodes.

    Attributes:
        points: from one to the other, x and y in pixels.
        nodes: numbers of the nodes at its ends.
        length: in pixels.
    """

    points: list[Point]
    nodes: list[int]
    length: float


@dataclass(frozen=True)
class _Pixels:
    """The pixels of one line drawing.

    Attributes:
        middles: middle of each pixel, x and y.
        near: the numbers of the neighbors of each; a diagonal one only if there is no way round the corner.
    """

    middles: list[Point]
    near: list[list[int]]


def edges_of(lines: NDArray[np.bool_]) -> Iterator[list[Edge]]:
    """Yield the edges of each line drawing.

    Every pixel with one, or more than two, neighbors is part of a node.

    Args:
        lines: bool ``[B, h, w]``, one pixel wide.
    """
    padded = np.pad(lines, ((0, 0), (1, 1), (1, 1)))
    image, y, x = np.nonzero(padded)
    width = padded.shape[2]
    flat = padded.ravel()
    at = (image * padded.shape[1] + y) * width + x
    there = np.stack([flat[at + dy * width + dx] for dx, dy in _RING], 1)
    for corner, (one, other) in _BESIDE.items():
        there[:, corner] &= ~(there[:, one] | there[:, other])
    number = np.zeros(len(flat), np.int64)
    ends = np.cumsum(np.bincount(image, minlength=len(lines)))
    number[at] = np.arange(len(at)) - np.r_[0, ends[:-1]][image]
    near = number[at[:, None] + np.array([dy * width + dx for dx, dy in _RING])]
    near, count = near[there].tolist(), np.cumsum(there.sum(1)).tolist()  # row by row
    middles = list(zip((x - 0.5).tolist(), (y - 0.5).tolist(), strict=True))
    first = 0
    for end in ends.tolist():
        starts = [0 if not i else count[i - 1] for i in range(first, end)]
        some = [near[start:stop] for start, stop in zip(starts, count[first:end], strict=True)]
        yield _edges(_Pixels(middles[first:end], some))
        first = end


def _edges(pixels: _Pixels) -> list[Edge]:
    node_of = _nodes(pixels.near)
    edges: list[Edge] = []
    used: set[tuple[int, int]] = set()
    seen: set[int] = set()
    for start, node in node_of.items():
        for step in pixels.near[start]:
            if (start, step) in used or node_of.get(step) == node:
                continue
            way = _walk(start, step, pixels.near, node_of)
            used |= {(way[0], way[1]), (way[-1], way[-2])}
            seen.update(way)
            edges.append(_edge(way, [node, node_of[way[-1]]], pixels))
    number = max(node_of.values(), default=-1) + 1
    for pixel, near in enumerate(pixels.near):
        if pixel in seen or (near and pixel in node_of):
            continue
        # A loop without a node, or a pixel alone.
        way = _walk(pixel, near[0], pixels.near, {pixel: number}) if near else [pixel]
        seen.update(way)
        edges.append(_edge(way, [number, number], pixels))
        number += 1
    return edges


def _edge(way: list[int], nodes: list[int], pixels: _Pixels) -> Edge:
    points = [pixels.middles[pixel] for pixel in way]
    return Edge(points, nodes, sum(map(math.dist, points, points[1:])))


def _nodes(near: list[list[int]]) -> dict[int, int]:
    """Number the nodes: ends, and junctions, whose pixels are one node where they touch."""
    node_of: dict[int, int] = {}
    count = 0
    for pixel, around in enumerate(near):
        if len(around) in (0, 2) or pixel in node_of:
            continue
        grow = [pixel]
        while grow:
            here = grow.pop()
            node_of[here] = count
            if len(near[here]) > 2:
                grow += [p for p in near[here] if len(near[p]) > 2 and p not in node_of]
        count += 1
    return node_of


def _walk(start: int, step: int, near: list[list[int]], node_of: dict[int, int]) -> list[int]:
    way, before, here = [start, step], start, step
    while here not in node_of:
        around = near[here]
        onward = around[0] if around[0] != before else around[-1]
        if onward == before:
            break
        before, here = here, onward
        way.append(here)
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
        points: list[Point] = []
        here: End | None = first
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
        at: dict[int, list[End]] = defaultdict(list)
        for number, edge in enumerate(edges):
            for side in (0, 1):
                at[edge.nodes[side]].append((number, side))
        loose = []
        for number, edge in enumerate(edges):
            if edge.length < _SPUR * width and sorted(min(len(at[node]), 3) for node in edge.nodes) == [1, 3]:
                (node,) = (node for node in edge.nodes if len(at[node]) >= 3)
                others = [_direction(edges[n], side, 1.5 * width) for n, side in at[node] if n != number]
                straight = any(_turn(a, b) <= _STRAIGHT for a, b in itertools.combinations(others, 2))
                if edge.length < (_STEM if straight else _SPUR) * width:
                    loose.append(edge)
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
            length = one.length + other.length + math.dist(first[-1], second[0])
            made = Edge(first + second, [one.nodes[1 - side], other.nodes[1 - other_side]], length)
            return _joined([edge for edge in edges if edge is not one and edge is not other] + [made])
    return edges


def _contract(edges: list[Edge], most: float) -> None:
    """Make one node of two junctions that are near each other, and let its lines meet at its middle."""
    degree: dict[int, int] = defaultdict(int)
    for edge in edges:
        for node in edge.nodes:
            degree[node] += 1
    for edge in sorted((edge for edge in edges if edge.length <= most), key=lambda each: each.length):
        a, b = edge.nodes
        if a == b or degree[a] < 3 or degree[b] < 3:
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


def _continued(edges: list[Edge], width: float) -> dict[End, End]:
    """Tell which end of an edge goes straight on as which end of another."""
    at: dict[int, list[End]] = defaultdict(list)
    for number, edge in enumerate(edges):
        for side in (0, 1):
            at[edge.nodes[side]].append((number, side))
    onward: dict[End, End] = {}
    for meeting in at.values():
        if len(meeting) < 2:
            continue
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
    # No pixel is farther than its number times the square root of 2.
    start = points[0]
    first = min(int(reach / 1.5), len(points) - 1)
    far = next((point for point in points[first:] if math.dist(point, start) >= reach), points[len(points) // 2])
    if far == start:
        far = points[-1]
    return math.atan2(far[1] - start[1], far[0] - start[0])


def _turn(one: float, other: float) -> float:
    """Return by how much a pen turns that comes along ``one`` and leaves along ``other``."""
    return abs((one - other) % (2 * math.pi) - math.pi)
