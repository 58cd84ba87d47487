"""What may be recorded is looked at first: on a terminal one by one, elsewhere as a patch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from types import MappingProxyType

from pycinspect.diffing import Op, aligned
from pycinspect.writing import replacing
from pytest_pycinspect.golden.file import shown
from pytest_pycinspect.golden.update import Edit, Planned, recorded

__all__ = ["PATCH", "beside", "reviewed", "write_patch"]

#: The file that is written to be reviewed, in the directory that pytest calls its root.
PATCH = "pycinspect-review.patch"

# --- One by one ----------------------------------------------------------------------------------

#: What a letter means for the edit in question, and for all after it if it means that.
_ANSWERS: Mapping[str, tuple[bool, bool | None]] = MappingProxyType(
    {"y": (True, None), "n": (False, None), "a": (True, True), "q": (False, False)}
)
_QUESTION = "accept? yes, no, all, quit [y/n/a/q] "


def reviewed(
    edits: Iterable[Edit], ask: Callable[[str], str], say: Callable[[str], None], width: int
) -> list[Edit]:
    """Return the edits that somebody accepts.

    Args:
        edits: those that are asked about, in the order of their files and tests.
        ask: asks a question, and returns what is answered; raises EOFError where nobody is there.
        say: shows a line.
        width: of the terminal.

    Raises:
        PycInspectError: a file cannot be read, or is not well formed.
    """
    accepted: list[Edit] = []
    rest: bool | None = None
    for edit in sorted(edits, key=lambda edit: (edit.path, edit.order, edit.title)):
        is_accepted = rest
        if is_accepted is None:
            for line in _question(edit, width):
                say(line)
            is_accepted, rest = _answer(ask)
        accepted += [edit] if is_accepted else []
    return accepted


def _answer(ask: Callable[[str], str]) -> tuple[bool, bool | None]:
    while True:
        try:
            answer = _ANSWERS.get(ask(_QUESTION).strip().lower()[:1])
        except EOFError:
            return _ANSWERS["q"]
        if answer is not None:
            return answer


def _question(edit: Edit, width: int) -> Iterator[str]:
    guard = "".join(f" @{condition}" for condition in edit.conditions)
    yield ""
    yield f"[{edit.title}] of {shown(edit.path)}{guard}: {edit.kind}"
    old = recorded(edit)
    yield from beside(() if old is None else old.lines, edit.content.lines, width)


def beside(old: Sequence[str], new: Sequence[str], width: int) -> Iterator[str]:
    """Yield old and new lines beside each other; a sign tells those that differ.

    Args:
        old: lines.
        new: lines.
        width: of both columns together.
    """
    column = max(20, (width - 3) // 2)
    for span in aligned(old, new):
        sign = " " if span.op is Op.EQUAL else "|"
        for place in range(max(len(span.old), len(span.new))):
            left = old[span.old[place]] if place < len(span.old) else ""
            right = new[span.new[place]] if place < len(span.new) else ""
            yield f"{_cut(left, column):{column}} {sign} {_cut(right, column)}".rstrip()


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


# --- As a patch ----------------------------------------------------------------------------------


def write_patch(root: Path, plans: Iterable[Planned]) -> Path:
    """Write what would be written to files as a patch, which ``git apply`` applies.

    Args:
        root: the directory that paths begin at, and that it is written in.
        plans: what would be written.

    Raises:
        OSError: it cannot be written.
    """
    target = root / PATCH
    with replacing(os.fspath(target), newline="") as stream:
        for plan in plans:
            stream.writelines(_hunks(root, plan))
    return target


def _hunks(root: Path, plan: Planned) -> Iterator[str]:
    path = Path(os.path.relpath(plan.path, root)).as_posix()
    before, after = (text.splitlines(keepends=True) for text in (plan.before, plan.after))
    old = f"a/{path}" if os.path.exists(plan.path) else "/dev/null"
    for line in unified_diff(before, after, old, f"b/{path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
