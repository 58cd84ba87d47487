"""Are the annotated bytes of real caches the values that the reader reads, without a gap?

``python -m tests.differential.ranges [--count 1000] [--seed N] DIRECTORY...`` takes a seeded
sample of the caches below directories.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pycinspect.dialects import DIALECTS, MarshalType
from pycinspect.errors import PycInspectError
from pycinspect.pyc import ByteRange, Code, CodeFile, RangeKind, byte_ranges, parse_pyc, tag_of
from pycinspect.pyc.constants import parts_of

__all__ = ["problems"]

_M = MarshalType
_MAPPINGS = (_M.DICT, _M.FROZENDICT)
_SETS = (_M.SET, _M.FROZENSET)
#: Fields that a Code has in another form; the two of 3.11 are checked together.
_SPLIT = ("localsplusnames", "localspluskinds")


class _Node:
    """A range and its parts."""

    def __init__(self, own: ByteRange) -> None:
        self.own = own
        self.parts: list[_Node] = []


def problems(data: bytes, file: CodeFile) -> list[str]:
    """Return where the annotated bytes of a cache are not what the reader reads."""
    ranges = byte_ranges(data, file.header, file.header.dialect)
    return [*_gaps(data, ranges), *_other_values(ranges, file)]


def _gaps(data: bytes, ranges: Sequence[ByteRange]) -> list[str]:
    ends = [0, *(one.end for one in ranges)]
    starts = [*(one.start for one in ranges), len(data)]
    uneven = [
        f"{end} is not {start}" for end, start in zip(ends, starts, strict=True) if end != start
    ]
    return uneven + [f"empty at {one.start}" for one in ranges if one.start >= one.end]


def _other_values(ranges: Sequence[ByteRange], file: CodeFile) -> list[str]:
    trailing = sum(one.end - one.start for one in ranges if one.kind is RangeKind.TRAILING)
    found = [] if trailing == file.trailing else [f"{trailing} trailing bytes"]
    inner = [one for one in ranges if one.kind in (RangeKind.OBJECT, RangeKind.NUMBER)]
    header = [(one.field, one.value) for one in ranges if one.kind is RangeKind.HEADER]
    if header != [(field.name, number) for field, number in file.header.fields]:
        found.append("the header")
    root, nodes = _tree(inner)
    return found + _compare(root, file.code, nodes, set())


def _tree(ranges: Sequence[ByteRange]) -> tuple[_Node, dict[int, _Node]]:
    """Return the outermost object, and every object by its offset."""
    nodes: dict[int, _Node] = {}
    path: list[_Node] = []
    for one in ranges:
        node = nodes[one.start] = _Node(one)
        del path[one.depth :]
        if path:
            path[-1].parts.append(node)
        path.append(node)
    return nodes[ranges[0].start], nodes


def _compare(
    node: _Node, value: Any, nodes: dict[int, _Node], seen: set[tuple[int, int]]
) -> list[str]:
    """Return the offsets at which an object is not the value."""
    while node.own.refers_to is not None:
        node = nodes[node.own.refers_to]
    key = (node.own.start, id(value))
    if key in seen:
        return []
    seen.add(key)
    if isinstance(value, Code):
        return _compare_code(node, value, nodes, seen)
    kind = node.own.marshal
    if kind in _SETS:
        ours = sorted(_shape(part, nodes) for part in node.parts)
        same = ours == sorted(map(_shape_of_value, value))
    elif kind in _MAPPINGS or node.parts or node.own.parts is not None:
        parts = [part for part in node.parts if part.own.marshal is not _M.NULL]
        values = list(parts_of(value))
        if len(parts) != len(values):
            return [f"{len(parts)} parts at {node.own.start}, not {len(values)}"]
        pairs = zip(parts, values, strict=True)
        return [text for part, item in pairs for text in _compare(part, item, nodes, seen)]
    else:
        ours_plain = node.own.value
        same = type(ours_plain) is type(value) and repr(ours_plain) == repr(value)
    return [] if same else [f"another value at {node.own.start}"]


def _shape(node: _Node, nodes: dict[int, _Node]) -> str:
    """Return a member of a set as text in which members of sets have one order."""
    node = _target(node, nodes)
    shapes = [_shape(part, nodes) for part in node.parts]
    if node.own.marshal in _SETS:
        return f"set {sorted(shapes)}"
    return f"tuple {shapes}" if node.own.parts is not None else repr(node.own.value)


def _shape_of_value(value: object) -> str:
    if isinstance(value, frozenset):
        return f"set {sorted(map(_shape_of_value, value))}"
    if isinstance(value, tuple):
        return f"tuple {list(map(_shape_of_value, value))}"
    return repr(value)


def _plain(node: _Node, nodes: dict[int, _Node]) -> object:
    while node.own.refers_to is not None:
        node = nodes[node.own.refers_to]
    return node.own.value


def _compare_code(
    node: _Node, code: Code, nodes: dict[int, _Node], seen: set[tuple[int, int]]
) -> list[str]:
    layout = DIALECTS.at(code.dialect, code.dialect.magic_word).code
    assert node.own.marshal is _M.CODE, node.own
    fields = {part.own.field: part for part in node.parts}
    if layout is not None and list(fields) != [field.name for field in layout.fields]:
        return [f"fields {list(fields)} at {node.own.start}"]
    found: list[str] = []
    for name, part in fields.items():
        if name in _SPLIT:
            continue
        value = getattr(code, name)
        if isinstance(value, tuple) and name != "consts":
            ours = [_as_text(_plain(item, nodes)) for item in _target(part, nodes).parts]
            found += [] if ours == list(value) else [f"{name} at {part.own.start}"]
        elif isinstance(value, str):
            ours_text = _as_text(_plain(part, nodes))
            found += [] if ours_text == value else [f"{name} at {part.own.start}"]
        else:
            found += _compare(part, value, nodes, seen)
    if _SPLIT[0] in fields:
        names = [_plain(item, nodes) for item in _target(fields[_SPLIT[0]], nodes).parts]
        known = {*code.varnames, *code.cellvars, *code.freevars}
        found += [] if known == set(names) else [f"variables at {node.own.start}"]
    return found


def _target(node: _Node, nodes: dict[int, _Node]) -> _Node:
    while node.own.refers_to is not None:
        node = nodes[node.own.refers_to]
    return node


def _as_text(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def main() -> int:
    """Compare a sample, and say how many files differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directories", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paths = sorted({path for root in options.directories for path in root.rglob("*.pyc")})
    sample = random.Random(options.seed).sample(paths, min(options.count, len(paths)))
    read = different = refused = total = 0
    for path in sample:
        data = path.read_bytes()
        try:
            file = parse_pyc(data, tag=tag_of(str(path)))
        except PycInspectError as error:
            refused += 1
            print(f"{path}: not read: {error}")
            continue
        read, total = read + 1, total + len(data)
        found = problems(data, file)
        different += bool(found)
        for line in found[:3]:
            print(f"{path}: {line}")
    print(f"{read} caches, {total:,} bytes; {refused} not read; {different} differ")
    return 1 if different or not read else 0


if __name__ == "__main__":
    sys.exit(main())
