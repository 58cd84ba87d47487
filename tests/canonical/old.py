"""Code of Pythons that cannot be installed: samples counted, and code that is assembled by hand.

``python -m tests.canonical.old`` prints the table of ``tests/README.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pycinspect.canonical import canonicalize, lower, units
from pycinspect.canonical.frames import COMPREHENSIONS
from pycinspect.canonical.ops import OPAQUE
from pycinspect.dialects import DIALECTS, Dialect, find_dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, CodeFile, read_marshalled, read_pyc
from tests.differential.noise import library_of, payloads, sources
from tests.growth.writer import Writer
from tests.samples import ENTRIES, SAMPLES

__all__ = ["COLUMNS", "NEWEST", "Handmade", "Row", "Step", "counted", "table"]

#: An opcode by its name or number, and its argument.
Step = tuple[str | int, int]
#: The newest version that cannot be installed.
NEWEST = (3, 5)


# --- Samples ----------------------------------------------------------------------------------


class Row(NamedTuple):
    """What becomes of the code objects of one version's samples.

    Args:
        version: of the interpreter that wrote them.
        codes: how many there are.
        compared: those that have a form, comprehensions that are part of another's included.
        refused: those that are "not canonicalised".
        silent: those that are none of these, or of which an opcode is not understood.
    """

    version: str
    codes: int
    compared: int
    refused: int
    silent: int


COLUMNS = "| version | code objects | compared | refused | silent |"


def counted() -> list[Row]:
    """Return a row for each version, the oldest first."""
    names: dict[str, list[str]] = {}
    for entry in ENTRIES:
        names.setdefault(entry["interpreter"], []).append(entry["file"])
    files = {version: [read_pyc(SAMPLES / name) for name in names[version]] for version in names}
    old = {version: read for version, read in files.items() if _python(read) <= NEWEST}
    return [_row(version, old[version]) for version in sorted(old, key=lambda v: _python(old[v]))]


def of_library(version: str, files: int, seed: int) -> Row:
    """Return the row of a version that is installed: of some files of its library.

    Args:
        version: ``2.7``.
        files: how many.
        seed: which.
    """
    texts = sources(library_of(version), "all", files, seed)
    made = payloads(version, list(texts.values()), None)
    dialect = find_dialect(f"cpython-{version}")
    return _row(version, [read_marshalled(data, dialect) for data in made if data is not None])


def table(rows: Iterable[Row]) -> list[str]:
    """Return the lines of a table, without its head."""
    return [f"| {row.version.removeprefix('cpython-')} | " + _cells(row[1:]) for row in rows]


def _cells(numbers: Sequence[object]) -> str:
    return " | ".join(f"{number:,}" for number in numbers) + " |"


def _python(files: Sequence[CodeFile]) -> tuple[int, int]:
    return files[0].dialect.python


def _row(version: str, files: Sequence[CodeFile]) -> Row:
    fates = [fate for file in files for fate in fates_of(file)]
    return Row(
        version, len(fates), *(fates.count(fate) for fate in ("compared", "refused", "silent"))
    )


def fates_of(file: CodeFile) -> Iterator[str]:
    """Yield what becomes of each code object of a file."""
    forms = {id(form.code): form for form in units(file.code, file.dialect).values()}
    for code in file.code.walk():
        form = forms.get(id(code))
        if form is None and code.name in COMPREHENSIONS:  # part of another form
            form = canonicalize(code, file.dialect)
        if form is None or (form.problem is None and _is_misunderstood(code, file.dialect)):
            yield "silent"
        else:
            yield "compared" if form.problem is None else "refused"


def _is_misunderstood(code: Code, dialect: Dialect) -> bool:
    try:
        return any(op.name == OPAQUE for op in lower(code, dialect))
    except PycInspectError:
        return True


# --- By hand ----------------------------------------------------------------------------------


class Handmade:
    """Makes code objects of one version.

    Args:
        version: the name of its row.
        dialect: the row, if it is not the one of that name.
    """

    def __init__(self, version: str, dialect: Dialect | None = None) -> None:
        self._version = version
        self.dialect = DIALECTS[version] if dialect is None else dialect

    def function(
        self, name: str, steps: Sequence[Step], consts: tuple[object, ...] = (), **fields: object
    ) -> Code:
        """Return a code object whose flags are those of a function."""
        return self._code(name, steps, {"consts": consts, "flags": 0x43, **fields})

    def module(
        self, steps: Sequence[Step], consts: tuple[object, ...] = (), **fields: object
    ) -> Code:
        """Return the code object of a module."""
        return self._code("<module>", steps, {"consts": consts, "flags": 0x40, **fields})

    def end(self, const: int) -> list[Step]:
        """Return the steps that return a constant."""
        return [("LOAD_CONST", const), ("RETURN_VALUE", 0)]

    def file(self, number: int) -> bytes:
        """Return a cache of a module with a function that returns a number (3.0 to 3.5)."""
        writer = Writer(self._version)
        body = writer.data(self._bytes(self.end(1)))
        consts = writer.tuple((b"N", writer.integer(number)))
        inner = writer.code(code=body, consts=consts, flags=0x43, name=writer.text("f"))
        named = self.dialect.python >= (3, 3)
        steps: list[Step] = [("LOAD_CONST", 0), *([("LOAD_CONST", 1)] if named else [])]
        steps += [("MAKE_FUNCTION", 0), ("STORE_NAME", 0), *self.end(2)]
        root = writer.code(
            code=writer.data(self._bytes(steps)),
            consts=writer.tuple((inner, writer.text("f"), b"N")),
            names=writer.tuple((writer.text("f"),)),
            name=writer.text("<module>"),
            flags=0x40,
        )
        return writer.file(root)

    def _code(self, name: str, steps: Sequence[Step], given: Mapping[str, object]) -> Code:
        nothing = dict.fromkeys(("names", "varnames", "freevars", "cellvars"), ())
        numbers = dict.fromkeys(("argcount", "posonlyargcount", "kwonlyargcount", "nlocals"), 0)
        fields = {**nothing, **numbers, "stacksize": 20, "firstlineno": 1, **given}
        tables = {"linetable": b"", "exceptiontable": b"", "dialect": self.dialect}
        names = {"name": name, "qualname": name, "filename": "m.py"}
        return Code(code=self._bytes(steps), **names, **tables, **fields)  # type: ignore[arg-type]

    def _bytes(self, steps: Sequence[Step]) -> bytes:
        """Return instructions of one byte, or three with an argument: all up to 3.5."""
        assert self.dialect.bytecode is not None
        opcodes = self.dialect.bytecode.opcodes
        written = bytearray()
        for name, arg in steps:
            opcode = opcodes.by_number[name] if isinstance(name, int) else opcodes.by_name[name]
            written.append(opcode.number)
            if opcode.takes_argument:
                written += arg.to_bytes(2, "little")
        return bytes(written)


def _main(write: Callable[[str], object] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", metavar="VERSION", help="of an interpreter that is installed")
    parser.add_argument("--files", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = [of_library(given.library, given.files, given.seed)] if given.library else counted()
    for line in (COLUMNS, "|" + "---|" * COLUMNS.count(" | ") + "---|", *table(rows)):
        write(line)


if __name__ == "__main__":
    _main()
