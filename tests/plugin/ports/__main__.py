"""Print the table of ported tests: ``python -m tests.plugin.ports [test_assertrewrite.py]``.

CPython's tests are those of the Python that runs this; pytest's are not installed with it, their file is
given. A line counts if it is not blank or a comment. Of theirs the ported functions are
counted, without what they call; of ours the whole file, broken subjects and all. Tests that
are not there (3.14 has some more) are named.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.plugin.ports import (
    test_adaptive,
    test_disassembly,
    test_file_loader,
    test_peephole,
    test_positions,
    test_rewritten_caches,
    test_zip_files,
)


@dataclass(frozen=True, slots=True)
class Port:
    """A file of ours.

    Args:
        title: what it was ported from.
        theirs: modules of CPython's tests, or none.
        ours: the file.
        ported: the names of the tests, one a case.
    """

    title: str
    theirs: tuple[str, ...]
    ours: str
    ported: tuple[str, ...]


def _names(*tables: Iterable[object]) -> tuple[str, ...]:
    return tuple(case.ported for table in tables for case in table)  # type: ignore[attr-defined]


PORTS = (
    Port(
        "`test_peepholer`",
        ("test.test_peepholer",),
        test_peephole.__file__,
        _names(test_peephole.CASES),
    ),
    Port(
        "`test_compile`, its positions",
        ("test.test_compile",),
        test_positions.__file__,
        _names(test_positions.CASES),
    ),
    Port(
        "`test_dis`", ("test.test_dis",), test_disassembly.__file__, _names(test_disassembly.CASES)
    ),
    Port(
        "`test_opcache`, and `test_dis` on specialised code",
        ("test.test_opcache", "test.test_dis"),
        test_adaptive.__file__,
        (*_names(test_adaptive.CASES), *(name for name, *_ in test_adaptive.DEOPTIMIZED)),
    ),
    Port(
        "`test_importlib`'s file loader, `test_import`'s caches",
        ("test.test_importlib.source.test_file_loader", "test.test_import"),
        test_file_loader.__file__,
        _names(test_file_loader.CASES),
    ),
    Port(
        "`test_zipimport`, its bytecode",
        ("test.test_zipimport",),
        test_zip_files.__file__,
        _names(test_zip_files.CASES),
    ),
    Port(
        "pytest's `test_assertrewrite`, its caches",
        (),
        test_rewritten_caches.__file__,
        _names(test_rewritten_caches.CASES, test_rewritten_caches.ONE_RUN),
    ),
)


def lines(text: str) -> int:
    """Return how many lines say something."""
    stripped = (line.strip() for line in text.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in stripped)


def functions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the test functions of a source, by name, with their text."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("test", "_test")):
            yield node.name, ast.get_source_segment(text, node) or ""


def _texts(port: Port, given: list[str]) -> Iterator[str]:
    paths = [spec.origin for name in port.theirs if (spec := find_spec(name)) and spec.origin]
    for path in paths or given:
        yield Path(path).read_text("utf-8")


def row(port: Port, given: list[str]) -> str:
    """Return a line of the table; names that are not found there are said."""
    found = [pair for text in _texts(port, given) for pair in functions(text)]
    names = {name.rpartition(".")[2] for name in port.ported}
    there = sum(lines(text) for name, text in found if name in names)
    missing = names - {name for name, _ in found}
    if missing:
        print(f"{port.title}: not there: {', '.join(sorted(missing))}", file=sys.stderr)
    here = lines(Path(port.ours).read_text("utf-8"))
    return f"| {port.title} | {len(port.ported)} | {len(names - missing)} | {there} | {here} |"


def main(given: list[str]) -> None:
    """Print the table."""
    print("| ported from | cases | functions there | their lines | lines here |")
    print("|---|---|---|---|---|")
    for port in PORTS:
        print(row(port, given))
    print(f"{sum(len(port.ported) for port in PORTS)} cases", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
