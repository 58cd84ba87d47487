"""Compare our listing of Java classes with ``javap -c -p``, instruction by instruction.

``python -m tests.differential.javap FOLDER`` takes all ``.class`` files below a folder.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pycinspect.jvm import ClassFile, JvmInstruction, decode_method, parse_class

#: Classes that one javap is told; its start takes longer than reading some.
BATCH = 40
_INSTRUCTION = re.compile(r" +(\d+): (\w+)(?: +(.*))?")
_CASE = re.compile(r" +(-?\d+|default): (\d+)")
_FRACTION = re.compile(r"(double|float) (\S+)[df]")
_KINDS = {
    "Fieldref": "Field",
    "Methodref": "Method",
    "InterfaceMethodref": "InterfaceMethod",
    "Class": "class",
    "Integer": "int",
    "Float": "float",
    "Long": "long",
    "Double": "double",
    "String": "String",
}
_ESCAPES = str.maketrans(
    {
        **{chr(code): f"\\u{code:04x}" for code in (*range(32), *range(127, 160))},
        "\t": r"\t",
        "\n": r"\n",
        "\r": r"\r",
        "\b": r"\b",
        "\f": r"\f",
        '"': r"\"",
        "'": r"\'",
        "\\": r"\\",
    }
)
_SIMPLE_TYPES = {4: "boolean", 5: "char", 6: "float", 7: "double", 8: "byte", 9: "short", 10: "int"}
_SIMPLE_TYPES[11] = "long"


class Compared(NamedTuple):
    """How many instructions were the same, and the first lines that were not."""

    instructions: int
    differences: tuple[str, ...]


def compare(paths: Sequence[Path]) -> Compared:
    """Compare some class files."""
    done, differences = 0, []
    theirs = list(_javap(paths))
    for path, listed in zip(paths, theirs, strict=True):
        ours = list(_lines(parse_class(path.read_bytes())))
        if len(ours) != len(listed):
            differences.append(f"{path}: {len(ours)} instructions, javap has {len(listed)}")
        for left, right in zip(ours, listed, strict=False):
            if left != right:
                differences.append(f"{path}:\n  {left}\n  {right}")
                break
            done += 1
    return Compared(done, tuple(differences))


def _javap(paths: Sequence[Path]) -> Iterator[list[str]]:
    command = ["javap", "-J-Dfile.encoding=UTF-8", "-J-Dstdout.encoding=UTF-8", "-c", "-p"]
    result = subprocess.run(
        [*command, *map(str, paths)], capture_output=True, check=True, text=True, encoding="utf-8"
    )
    for part in result.stdout.split("Compiled from ")[1:]:
        yield _instructions(part.split("\n"))


def _instructions(lines: list[str]) -> list[str]:
    """Return javap's lines of instructions, those of a switch in one."""
    found: list[str] = []
    in_switch = False
    for line in lines:
        if in_switch and (case := _CASE.fullmatch(line)):
            found[-1] += f" {case[1]}={case[2]}"
        elif match := _INSTRUCTION.fullmatch(line):
            in_switch = match[2].endswith("switch")
            rest = "" if in_switch else " ".join((match[3] or "").split("// ", 1)[0].split())
            comment = line.split("// ", 1)[1] if "// " in line and not in_switch else ""
            fraction = _FRACTION.fullmatch(comment)
            comment = _shortest(fraction) if fraction else comment
            found.append(_joined(match[1], match[2], rest, comment))
    return found


def _lines(java: ClassFile) -> Iterator[str]:
    for method in java.methods:
        body = decode_method(method, java)
        for instruction in () if body is None else body.instructions:
            operands, comment = _operands(instruction, java)
            yield _joined(str(instruction.offset), instruction.name, operands, comment)


def _shortest(match: re.Match[str]) -> str:
    """Return a number as Python writes it; Java has other digits for some."""
    value = float(match[2])
    if match[1] == "float":
        (value,) = struct.unpack(">f", struct.pack(">f", value))
    return f"{match[1]} {value!r}{match[1][0]}"


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part).rstrip()


def _operands(instruction: JvmInstruction, java: ClassFile) -> tuple[str, str]:
    if instruction.name.endswith("switch"):
        *pairs, default = instruction.operands
        cases = zip(pairs[::2], pairs[1::2], strict=True)
        return "", " ".join([*(f"{key}={to}" for key, to in cases), f"default={default}"])
    numbers = [str(number) for number in instruction.operands]
    if instruction.name == "newarray":
        return _SIMPLE_TYPES[instruction.operands[0]], ""
    if instruction.pool_index is None:
        return ", ".join(numbers), ""
    index = instruction.pool_index
    return ", ".join([f"#{index}", *numbers]), _comment(index, java)


def _comment(index: int, java: ClassFile) -> str:
    constant = java.pool.constant(index)
    kind = _KINDS[constant.kind]
    if isinstance(constant.value, tuple) and len(constant.value) == 2:
        owner, name, descriptor = java.pool.member(index)
        shown = f'"{name}"' if name.startswith("<") else name
        place = "" if owner == java.name else f"{_quoted(owner)}."
        return f"{kind} {place}{shown}:{descriptor}"
    if constant.kind == "Class":
        return f"{kind} {_quoted(java.pool.text(index))}"
    if constant.kind == "String":
        text = java.pool.text(index).translate(_ESCAPES)
        return f"{kind} {text}".rstrip()
    suffix = {"Long": "l", "Double": "d", "Float": "f"}.get(constant.kind, "")
    return f"{kind} {constant.value!r}{suffix}"


def _quoted(name: str) -> str:
    return f'"{name}"' if name.startswith("[") else name


def main(folders: Sequence[str]) -> int:
    """Compare all classes below some folders, and print what differs."""
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.class"))
    done, differences = 0, 0
    for start in range(0, len(paths), BATCH):
        compared = compare(paths[start : start + BATCH])
        done += compared.instructions
        differences += len(compared.differences)
        for text in compared.differences:
            print(text)
    print(f"{len(paths)} classes, {done} instructions are equal, {differences} classes differ")
    return 1 if differences or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
