"""What expectations mean, written down as plainly as possible: everything is tried.

Ways are tried in the order that the language promises: the shortest gap first, the longest run
first, members of a group as they are written, and an instruction between them skipped last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from pytest_pycinspect.expect import model
from pytest_pycinspect.view.instr import Instr, Kind

Env = dict[object, object]
_Line = tuple[int, model.Item]


#: In :data:`Env`: what stands for each line, first instruction and the one after the last.
_PLACES = "places"


def met(items: Sequence[model.Item], instrs: Sequence[Instr], *, anchored: bool) -> bool:
    """Return whether code is as expected."""
    return first_way(items, instrs, anchored=anchored) is not None


def first_way(
    items: Sequence[model.Item], instrs: Sequence[Instr], *, anchored: bool
) -> tuple[Env, dict[int, tuple[int, int]]] | None:
    """Return variables, and what stands for each line, of the first way; None without any."""
    starts = accumulate((len(model.lines_of((item,))) for item in items), initial=1)
    about_code = [
        (line, item)
        for line, item in zip(starts, items, strict=False)
        if not isinstance(item, model.Never | model.Total)
    ]
    says_what = any(not _is_not(i) and not isinstance(i, model.Label) for _, i in about_code)
    gap: _Line = (0, ...)
    whole = about_code if anchored and says_what else [gap, *about_code, gap]
    rest = [i for i in items if isinstance(i, model.Never | model.Total)]
    for end, env in _ways(whole, 0, {_PLACES: ()}, instrs):
        if end == len(instrs) and all(_holds(i, env, instrs) for i in rest):
            places: Any = env.pop(_PLACES)
            return env, dict(places)
    return None


def _at(env: Env, line: int, start: int, end: int) -> Env:
    places: Any = env[_PLACES]
    return {**env, _PLACES: (*places, (line, (start, end)))}


def _holds(item: model.Never | model.Total, env: Env, instrs: Sequence[Instr]) -> bool:
    count = sum(_one(item.op, instr, env) is not None for instr in instrs)
    if isinstance(item, model.Never):
        return count == 0
    return item.low <= count and (item.high is None or count <= item.high)


def _is_not(item: object) -> bool:
    return isinstance(item, model.Not) or (isinstance(item, model.Repeat) and item.high == 0)


def _ways(
    lines: Sequence[_Line], at: int, env: Env, instrs: Sequence[Instr], after: bool = False
) -> Iterator[tuple[int, Env]]:
    """Yield every place at which the items can end, and what variables stand for there."""
    if not lines:
        yield at, env
        return
    (line, first), rest = lines[0], lines[1:]
    if first is ... or _is_not(first):
        items = [item for _, item in lines]
        size = next((n for n, i in enumerate(items) if i is not ... and not _is_not(i)), len(items))
        run, rest = items[:size], lines[size:]
        is_gap = any(item is ... for item in run)
        nots = [item.op for item in run if item is not ...]
        for end in range(at, len(instrs) + 1) if is_gap else [at]:
            skipped = instrs[at:end]
            if all(_one(op, instr, env) is None for op in nots for instr in skipped):
                yield from _ways(rest, end, env, instrs, is_gap)
        return
    following = len(rest) > 0 and _begins_gap([item for _, item in rest])
    for end, known in _item(line, first, at, env, instrs, after, following):
        yield from _ways(rest, end, known, instrs)


def _begins_gap(items: Sequence[model.Item]) -> bool:
    for item in items:
        if item is ...:
            return True
        if not _is_not(item):
            return False
    return False


def _item(
    line: int,
    item: model.Item,
    at: int,
    env: Env,
    instrs: Sequence[Instr],
    after: bool,
    before: bool,
) -> Iterator[tuple[int, Env]]:
    if isinstance(item, model.Op | model.Anything):
        known = _one(item, instrs[at], env) if at < len(instrs) else None
        if known is not None:
            yield at + 1, _at(known, line, at, at + 1)
    elif isinstance(item, model.Label):
        known = _bind(env, ("label", item.name), at)
        if known is not None:
            yield at, known
    elif isinstance(item, model.Anchor):
        if at == (0 if item is model.Anchor.START else len(instrs)):
            yield at, env
    elif isinstance(item, model.Repeat):
        for end, known in reversed(list(_repeat(item, at, env, instrs, after, before))):
            yield end, _at(known, line, at, end)
    elif isinstance(item, model.AnyOrder):
        members = {line + n: member for n, member in enumerate(item.members, 1)}
        yield from _in_any_order(members, at, env, instrs, item.gaps, first=True)


def _repeat(
    item: model.Repeat, at: int, env: Env, instrs: Sequence[Instr], after: bool, before: bool
) -> Iterator[tuple[int, Env]]:
    exact = item.high is not None and item.op != model.ANY
    if exact and after and at and _one(item.op, instrs[at - 1], env) is not None:
        return
    known: Env | None = env
    for count in range(len(instrs) - at + 1):
        if count:
            known = _one(item.op, instrs[at + count - 1], known)
            if known is None:
                return
        if count < item.low or (item.high is not None and count > item.high):
            continue
        end = at + count
        more = end < len(instrs) and _one(item.op, instrs[end], known) is not None
        if not (exact and before and more):
            yield end, known


def _in_any_order(
    members: Mapping[int, Sequence[model.Single]],
    at: int,
    env: Env,
    instrs: Sequence[Instr],
    gaps: bool,
    *,
    first: bool,
) -> Iterator[tuple[int, Env]]:
    if not members:
        yield at, env
        return
    for line, member in members.items():
        rest = {other: members[other] for other in members if other != line}
        for end, known in _ways([(0, one) for one in member], at, env, instrs):
            taken = {**known, _PLACES: env[_PLACES]}
            yield from _in_any_order(
                rest, end, _at(taken, line, at, end), instrs, gaps, first=False
            )
    if gaps and not first and at < len(instrs):
        yield from _in_any_order(members, at + 1, env, instrs, gaps, first=False)


def _one(single: model.Single, instr: Instr, env: Env) -> Env | None:
    if not isinstance(single, model.Op):
        return env
    if single.name != instr.opname:
        return None
    operand = single.operand
    if isinstance(operand, model.Name):
        return env if instr.operand == operand.text else None
    if isinstance(operand, model.Capture):
        return _bind(env, operand.name, instr.operand) if instr.kind is Kind.NAME else None
    if isinstance(operand, model.Target):
        if instr.kind is not Kind.TARGET:
            return None
        return env if operand.label is None else _bind(env, ("label", operand.label), instr.target)
    return env


def _bind(env: Env, key: object, value: object) -> Env | None:
    if key in env:
        return env if env[key] == value else None
    return {**env, key: value}
