"""A new Python needs one row and one table, and what is forgotten is named.

CPython 9.9 is made up: the running interpreter with all opcodes renumbered and one new operation.
A plugin of 20 lines adds it, as an installed package would.
"""

from __future__ import annotations

import marshal
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

import pycinspect.dialects
from pycinspect.auditing import Policy
from pycinspect.dialects import DIALECTS, Dialect, OpcodeTable
from pycinspect.disasm import Instruction, instructions, line_starts, verify
from pycinspect.errors import PycInspectError
from pycinspect.plugins import Registry, audit, load_registry
from pycinspect.pyc import Code
from pycinspect.pyc.codefile import CodeFile, read_pyc
from pycinspect.pyc.unmarshal import unmarshal

REPOSITORY = Path(__file__).parent.parent.parent
RUNNING = DIALECTS.running()
NAME, TAG, WORD = "cpython-9.9", "cpython-99", 9990
#: The new operation is another's double.
NEW, DOUBLE = "DISCARD", "POP_TOP"

PLUGIN = f"""
from dataclasses import replace
from pathlib import Path

import pycinspect
from pycinspect.dialects import Flow, OpcodeTable, Operation

_BEFORE = pycinspect.find_dialect("{RUNNING.name}")
_TABLE = Path(__file__).with_name("{NAME}.tsv")
_NUMBERS = OpcodeTable("{NAME}", _TABLE.read_text, [Operation("{NEW}", Flow.NEXT)])

ROW = replace(
    _BEFORE,
    name="{NAME}",
    python=(9, 9),
    magic_word={WORD},
    cache_tags=("{TAG}",),
    prereleases=frozenset(),
    bytecode=replace(_BEFORE.bytecode, opcodes=_NUMBERS),
)


@pycinspect.hookimpl
def pycinspect_dialects():
    return [ROW]
"""

SOURCE = """
import os


class Cart:
    limit = 10

    def total(self, *prices, start=0.5):
        for price in prices:
            if price > self.limit and price not in (3, 4):
                start += price
            else:
                print(f"{price!r:>10}", os.sep)
        return start


def lines(path):
    count = 0
    try:
        with open(path) as stream:
            yield from (line for line in stream if line)
            count += 1
    except OSError as error:
        raise SystemExit(1) from error
    finally:
        print(count)
"""


def renumbering() -> dict[int, int]:
    """Return the new number of each of the old ones, by a seeded shuffle."""
    old = sorted(row.number for row in numbers().opcodes if row.number < 256)
    new = random.Random(9.9).sample(range(256), len(old))
    return dict(zip(old, new, strict=True))


def numbers() -> OpcodeTable:
    assert RUNNING.bytecode is not None
    return RUNNING.bytecode.opcodes


def new_table(new: dict[int, int]) -> str:
    """Return the running interpreter's table with new numbers, and one new name."""
    shipped = files(pycinspect.dialects).joinpath("numbers", f"{RUNNING.name}.tsv")
    lines = []
    for line in shipped.read_text("utf-8").splitlines():
        number, *cells = line.split("\t")
        if number.isdecimal():
            cells[0] = NEW if cells[0] == DOUBLE else cells[0]
            number = str(new.get(int(number), number))
        lines.append("\t".join([number, *cells]))
    return "\n".join(lines)


def new_payload(payload: bytes, new: dict[int, int]) -> bytes:
    """Return a module's payload with the opcodes of all code objects renumbered."""
    root = unmarshal(payload, RUNNING).value
    assert isinstance(root, Code)
    for code in root.walk():
        changed = bytearray(code.code)
        for step in instructions(code, RUNNING):
            changed[step.offset] = new[step.opcode]
        size = len(changed).to_bytes(4, "little")
        payload = payload.replace(size + code.code, size + changed)
    return payload


class World(NamedTuple):
    """A directory with the plugin, its table, and a module with its caches.

    Args:
        folder: where all that is.
        plugin: the plugin's names.
        registry: what there is to choose from, with the plugin.
        old: the module's cache by the running interpreter.
        new: by CPython 9.9.
    """

    folder: Path
    plugin: SimpleNamespace
    registry: Registry
    old: Path
    new: Path

    @property
    def row(self) -> Dialect:
        row: Dialect = self.plugin.ROW
        return row

    def read(self) -> CodeFile:
        return read_pyc(self.new, dialects=self.registry.dialects)


@pytest.fixture
def world(tmp_path: Path) -> World:
    new = renumbering()
    (tmp_path / f"{NAME}.tsv").write_text(new_table(new), "utf-8")
    (tmp_path / "cpython99.py").write_text(PLUGIN, "utf-8")
    plugin = SimpleNamespace(**run_path(str(tmp_path / "cpython99.py")))
    source = tmp_path / "tree" / "cart.py"
    source.parent.mkdir()
    source.write_text(SOURCE, "utf-8")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    payload = marshal.dumps(compile(SOURCE, str(source), "exec"))
    old = _write(source, RUNNING, payload)
    written = _write(source, plugin.ROW, new_payload(payload, new))
    return World(tmp_path, plugin, load_registry([plugin], entry_points=False), old, written)


def _write(source: Path, dialect: Dialect, payload: bytes) -> Path:
    assert dialect.header is not None
    status = source.stat()
    header = dialect.header.pack_timestamp(dialect.magic, int(status.st_mtime), status.st_size)
    cache = source.parent / "__pycache__" / f"{source.stem}.{dialect.cache_tag}.pyc"
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(header + payload)
    return cache


# --- It works ------------------------------------------------------------------------------


def test_header_and_code_are_read(world: World) -> None:
    ours, theirs = world.read(), read_pyc(world.old)

    assert ours.dialect is world.row
    assert (ours.header.mtime, ours.trailing) == (1_700_000_000, 0)
    assert [code.qualname for code in ours.code.walk()] == [
        code.qualname for code in theirs.code.walk()
    ]
    assert ours.code.code != theirs.code.code


def test_instructions_are_those_of_other_numbers(world: World) -> None:
    def seen(step: Instruction, new: dict[int, int]) -> tuple[object, ...]:
        name = NEW if step.opname == DOUBLE else step.opname
        # A code object's text has its address; there is none in a file.
        return step._replace(opcode=new[step.opcode], opname=name, argval=None)

    new = renumbering()
    same = {number: number for number in range(256)}
    names = set()
    for ours, theirs in zip(world.read().code.walk(), read_pyc(world.old).code.walk(), strict=True):
        listed = instructions(ours, world.row)
        names |= {step.opname for step in listed}
        assert [seen(step, same) for step in listed] == [
            seen(step, new) for step in instructions(theirs, RUNNING)
        ]
        assert [*line_starts(ours, world.row)] == [*line_starts(theirs, RUNNING)]
    assert NEW in names


def test_the_code_is_found_sound_or_not(world: World) -> None:
    for code in world.read().code.walk():
        assert verify(code, world.row) == []
        assert verify(code, RUNNING)


def test_trees_are_audited(world: World) -> None:
    policy = Policy(dialect=world.row)
    findings = list(audit([world.new.parent.parent], policy, registry=world.registry))
    assert [finding for finding in findings if finding.path == str(world.new)] == []

    source = world.new.parent.parent / "cart.py"
    os.utime(source, (1_800_000_000, 1_800_000_000))
    findings = list(audit([world.new.parent.parent], policy, registry=world.registry))
    assert "PYC101" in {f.rule for f in findings if f.path == str(world.new)}


def test_the_command_finds_it_where_the_plugin_is_installed(world: World) -> None:
    metadata = world.folder / "cpython99-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: cpython99\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[pycinspect]\ncpython99 = cpython99\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(world.folder), str(REPOSITORY)]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pycinspect", "show", str(world.new)],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert NAME in done.stdout
    assert NEW in done.stdout
    assert DOUBLE not in done.stdout


# --- What is forgotten is named --------------------------------------------------------------


def _all_opcodes(text: str, operations: Any = ()) -> object:
    return OpcodeTable(NAME, lambda: text, operations).opcodes


def _with_cell(column: int, word: str) -> str:
    """Return the new table with one word of the new operation changed."""
    lines = new_table(renumbering()).splitlines()
    place = next(place for place, line in enumerate(lines) if line.split("\t")[1:2] == [NEW])
    cells = lines[place].split("\t")
    cells[column] = word
    return "\n".join([*lines[:place], "\t".join(cells), *lines[place + 1 :]])


OPERAND, ROLE, EFFECT = 2, 4, 6


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (partial(_with_cell, 1, NEW), LookupError, [NAME, NEW, "operations.tsv has no row"]),
        (partial(_with_cell, OPERAND, "colour"), ValueError, [NAME, NEW, "'colour'", "Operand"]),
        (partial(_with_cell, ROLE, "extra"), ValueError, [NAME, NEW, "'extra'", "Role"]),
        (partial(_with_cell, EFFECT, "a*a"), ValueError, [NAME, NEW, "'a*a'", "effect"]),
        (partial(_with_cell, EFFECT, "-1\t7"), ValueError, [NAME, NEW, "unpack"]),
    ],
    ids=["operation", "operand", "role", "effect", "columns"],
)
def test_a_table_with_an_unknown_word_is_refused(
    make: Callable[[], str], error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as raised:
        _all_opcodes(make())
    assert [word for word in words if word not in str(raised.value)] == []


def test_a_table_that_is_not_there_is_named(world: World) -> None:
    (world.folder / f"{NAME}.tsv").unlink()
    code = world.read().code  # which needs no numbers
    with pytest.raises(FileNotFoundError, match=rf"{NAME}\.tsv"):
        instructions(code, world.row)
    with pytest.raises(FileNotFoundError, match=rf"{NAME}\.tsv"):
        _ = OpcodeTable.shipped(NAME).opcodes


def test_a_row_without_a_table_is_named(world: World) -> None:
    row = replace(world.row, bytecode=None)
    with pytest.raises(PycInspectError, match=NAME) as raised:
        instructions(world.read().code, row)
    assert raised.value.slug == "unknown-opcodes"


def test_a_new_letter_of_marshal_is_named(world: World) -> None:
    data = world.new.read_bytes()
    world.new.write_bytes(data[:16] + b"Q" + data[17:])
    with pytest.raises(
        PycInspectError, match=r"'Q' \(0x51\) is not a type code of marshal 4"
    ) as raised:
        world.read()
    assert (raised.value.slug, raised.value.offset) == ("bad-marshal", 16)


def test_a_field_that_the_layout_lacks_is_left_over(world: World) -> None:
    world.new.write_bytes(world.new.read_bytes() + b"N")
    assert world.read().trailing == 1


def test_a_magic_number_that_is_taken_is_refused(world: World) -> None:
    row = replace(world.row, magic_word=RUNNING.magic_word)
    plugin = SimpleNamespace(pycinspect_dialects=pycinspect.hookimpl(lambda: [row]))
    with pytest.raises(PycInspectError, match=f"{NAME} and {RUNNING.name} claim") as raised:
        len(load_registry([plugin], entry_points=False).dialects)
    assert raised.value.slug == "bad-plugin"
