"""Compare what we read with the listing of MicroPython's own ``mpy-tool.py``.

``python -m tests.micropython.listings --compiler mpy-cross --tool tools/mpy-tool.py DIRECTORY…`` compiles
each source in the directories, with ``-march`` for ``--arch``, and compares every string, object,
prelude, instruction and line. Without ``--tool`` each file must be read to its last byte, which is what
can be asked of the versions before 6.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pycinspect.micropython import MpyCode, MpyFile, MpyInstruction, MpyObject, parse_mpy

_TIMEOUT = 60
_NUMBERS = {"int": int, "float": float, "complex": complex}

#: A line of the listing, and the line of the source where it has one.
Line = tuple[str, int | None]


def compiled(compiler: str, source: Path, output: Path, arch: str = "") -> bytes | None:
    """Compile a source; None where MicroPython's compiler refuses it."""
    options = [f"-march={arch}", "-X", "emit=native"] if arch else []
    done = subprocess.run(
        [compiler, *options, "-o", str(output), str(source)],
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return output.read_bytes() if done.returncode == 0 else None


def oracle_lines(tool: str, file: Path) -> list[Line]:
    """Return the listing that ``mpy-tool.py`` makes of a file."""
    done = subprocess.run(
        [sys.executable, tool, "-d", "-j", str(file)],
        capture_output=True,
        encoding="utf-8",
        timeout=_TIMEOUT,
        check=True,
    )
    rows = json.loads(done.stdout)["asm"]
    return [(row["text"], row.get("source", {}).get("line")) for row in rows]


def _value(found: MpyObject) -> str:
    if found.kind == "tuple":
        items = [_value(item) for item in found.items]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    if found.kind in _NUMBERS:
        return repr(_NUMBERS[found.kind](found.content.decode()))
    if found.kind == "str":
        return repr(found.content.decode())
    return repr(found.content) if found.kind == "bytes" else found.kind


def our_lines(data: bytes) -> Iterator[Line]:
    """Yield the same listing of what we read, from the table of strings on."""
    found = parse_mpy(data)
    yield f"qstr_table[{len(found.strings)}]:", None
    for string in found.strings:
        yield f"    {string}", None
    objects = ", ".join(_value(one) for one in found.objects)
    yield f"obj_table: [{objects}]", None
    yield from _code_lines(found, found.code, data)


def _code_lines(found: MpyFile, code: MpyCode, data: bytes) -> Iterator[Line]:
    raw = data[code.offset : code.offset + code.size]
    yield f"simple_name: {code.name}", None
    yield f"  raw bytecode: {len(raw)} {raw.hex(':')}", None
    assert code.signature is not None
    yield f"  prelude: {tuple(code.signature)}", None
    yield f"  args: {list(code.arguments)}", None
    size = code.instructions[-1].offset + code.instructions[-1].size
    for one in code.instructions:
        start = len(raw) - size + one.offset
        octets = raw[start : start + one.size].hex(":")
        text = f"  {octets:<11} {one.opcode.name} {_argument(one, code)}"
        yield text, code.line_of(one.offset)
    yield f"  children: [{', '.join(child.name for child in code.children)}]", None
    for child in code.children:
        yield from _code_lines(found, child, data)


def _argument(one: MpyInstruction, code: MpyCode) -> str:
    if one.string is not None:
        return one.string
    if one.argument is None:
        return ""
    if one.opcode.names_object:
        return _value(code.objects[one.argument])
    return str(one.argument)


def _plain(lines: Sequence[Line]) -> list[Line]:
    """Leave out what only one side has: the start, line tables, the words of operators."""
    start = next(index for index, (text, _) in enumerate(lines) if text.startswith("qstr_table"))
    kept = [line for line in lines[start:] if not line[0].startswith("  line info:")]
    return [(_without_operator(text), number) for text, number in kept]


def _without_operator(text: str) -> str:
    head, word, _ = text.partition("ARY_OP")
    return head + word


def differences(compiler: str, tool: str, source: Path, folder: Path) -> list[str] | None:
    """Compile, read and compare one source; None where it cannot be compiled."""
    file = folder / "found.mpy"
    data = compiled(compiler, source, file)
    if data is None:
        return None
    ours, theirs = (_plain(_split(lines)) for lines in (our_lines(data), oracle_lines(tool, file)))
    if len(ours) != len(theirs):
        return [f"{len(ours)} lines, not {len(theirs)}"]
    return [f"{a} is not {b}" for a, b in zip(ours, theirs, strict=True) if a != b]


def _split(lines: Iterable[Line]) -> list[Line]:
    """Split what strings with line breaks in them make of a line."""
    return [(part.rstrip(), number) for text, number in lines for part in text.split("\n")]


def main() -> int:
    """Compare every source in the directories."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--tool", default="")
    parser.add_argument("--arch", default="")
    parser.add_argument("directories", nargs="+", type=Path)
    chosen = parser.parse_args()
    counts = {"equal": 0, "different": 0, "not compiled": 0}
    instructions = 0
    with tempfile.TemporaryDirectory() as name:
        for source in sorted(p for d in chosen.directories for p in d.rglob("*.py")):
            if chosen.tool:
                wrong = differences(chosen.compiler, chosen.tool, source, Path(name))
            else:
                wrong = _unread(chosen.compiler, source, Path(name), chosen.arch)
            state = "not compiled" if wrong is None else "different" if wrong else "equal"
            counts[state] += 1
            if wrong:
                print(f"{source.name}: {wrong[:3]}"[:600])
            if wrong == []:
                found = parse_mpy((Path(name) / "found.mpy").read_bytes())
                instructions += sum(len(code.instructions) for _, code in found.walk())
    print(", ".join(f"{count} {state}" for state, count in counts.items()), end="")
    print(f", {instructions} instructions")
    return 1 if counts["different"] else 0


def _unread(compiler: str, source: Path, folder: Path, arch: str) -> list[str] | None:
    data = compiled(compiler, source, folder / "found.mpy", arch)
    if data is None:
        return None
    found = parse_mpy(data)
    return [f"{found.trailing} bytes are left"] if found.trailing else []


if __name__ == "__main__":
    sys.exit(main())
