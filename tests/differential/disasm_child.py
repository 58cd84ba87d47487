"""Runs inside an oracle, under any Python from 2.7 on: what its own ``dis`` says.

Reads {"task": "library"} or {"task": "disassembled", "paths", "sources", "files"} as JSON
from standard input. The answer has a column for each kind of fact, with an entry for each
instruction. See tests/differential/disasm.py; its folder is on PYTHONPATH.
"""

# ruff: noqa: B905, PERF401, RUF005, UP031 - Python 2.7 knows no better
import base64
import dis
import json
import marshal
import re
import sys
import types

from unmarshal_child import PY2, TEXT, describe, library, payload_of, source_of, walk

CODE = types.CodeType
UNKNOWN = getattr(dis, "UNKNOWN", object())
JUMPS = frozenset(dis.hasjrel + dis.hasjabs)
CONSTANTS = frozenset(dis.hasconst)
#: Whose argument dis of 2.7 writes out, in parentheses.
SHOWN = frozenset(
    dis.hasconst + dis.hasname + dis.hasjrel + dis.haslocal + dis.hascompare + dis.hasfree
)
#: Since 3.11 there are caches between instructions, since 3.13 instructions know their line.
CACHES = sys.version_info >= (3, 11)
LINES = sys.version_info >= (3, 13)
HEADER_SIZE = 8 if PY2 else 12 if sys.version_info < (3, 7) else 16


# --- Describing -------------------------------------------------------------------------


def brief(value, codes):
    """Describe without loss what an argument stands for; short for what is frequent."""
    kind = type(value)
    if kind is int or (kind is TEXT and _is_ascii(value)):
        return value
    if value is UNKNOWN:
        return ["unknown"]
    if kind is types.BuiltinFunctionType or isinstance(value, type):
        return ["named", value.__name__]
    return describe(value, codes)


def _is_ascii(text):
    try:
        text.encode("ascii")
    except UnicodeError:
        return False
    return True


def _argval(value, codes):
    """Describe the value of an argument that is not a constant: a name, a number, a pair."""
    if value is None or type(value) is bool:
        return value
    if type(value) is tuple:
        return ["pair"] + [_argval(item, codes) for item in value]
    return brief(value, codes)


# --- Instructions -------------------------------------------------------------------------


def steps_of(code):
    """Yield (offset, start, opcode, opname, arg, argval, argrepr, jump, line) of each one.

    ``start`` and ``line`` are None where that version's dis does not say them.
    """
    if PY2:
        return steps_of_27(code)
    if LINES:
        return steps_of_313(code)
    return steps_of_36(code)


def steps_of_36(code):
    options = {"show_caches": True} if CACHES else {}
    for step in dis.get_instructions(code, **options):
        jump = step.argval if step.opcode in JUMPS else None
        head = (step.offset, None, step.opcode, step.opname)
        yield head + (step.arg, step.argval, step.argrepr, jump, None)


def steps_of_313(code):
    for step in dis.get_instructions(code):
        yield (
            step.offset,
            step.start_offset,
            step.opcode,
            step.opname,
            step.arg,
            step.argval,
            step.argrepr,
            step.jump_target,
            step.line_number,
        )
        # As Lib/dis.py: Formatter.print_instruction (3.13) shows them.
        offset = step.offset
        for name, size, data in step.cache_info or ():
            for index in range(size):
                offset += 2
                text = "%s: %d" % (name, int.from_bytes(data, sys.byteorder))
                text = text if index == 0 else ""
                line = step.line_number
                yield (offset, offset, 0, "CACHE", 0, None, text, None, line)


def steps_of_27(code):
    """Do what Lib/dis.py: disassemble (2.7) does, which prints and returns nothing."""
    data = bytearray(code.co_code)
    cells = code.co_cellvars + code.co_freevars
    offset = extended = 0
    while offset < len(data):
        start, opcode = offset, data[offset]
        offset += 1
        arg = argval = jump = None
        argrepr = b""
        if opcode >= dis.HAVE_ARGUMENT:
            arg = argval = data[offset] + data[offset + 1] * 256 + extended
            extended = arg << 16 if opcode == dis.EXTENDED_ARG else 0
            offset += 2
            if opcode in CONSTANTS:
                argval = code.co_consts[arg]
                argrepr = repr(argval)
            elif opcode in dis.hasname:
                argval = argrepr = code.co_names[arg]
            elif opcode in dis.hasjrel:
                jump = argval = offset + arg
                argrepr = "to %d" % jump
            elif opcode in dis.hasjabs:
                jump = arg
            elif opcode in dis.haslocal:
                argval = argrepr = code.co_varnames[arg]
            elif opcode in dis.hascompare:
                argval = argrepr = dis.cmp_op[arg]
            elif opcode in dis.hasfree:
                argval = argrepr = cells[arg]
        if type(argval) is bytes and opcode not in CONSTANTS:
            argval = argval.decode("utf-8")
        name = dis.opname[opcode]
        yield (start, None, opcode, name, arg, argval, argrepr.decode("utf-8"), jump, None)


def check_27(code, steps):
    """Raise unless dis prints what :func:`steps_of_27` says, letter by letter."""
    starts, labels = dict(dis.findlinestarts(code)), frozenset(dis.findlabels(code.co_code))
    expected = []
    extended = False
    for offset, _, opcode, opname, arg, _, argrepr, _, _ in steps:
        if offset in starts and offset:
            expected.append("\n")
        line = "%3d" % starts[offset] if offset in starts else "   "
        mark = ">>" if offset in labels else "  "
        expected.append("%s     %s %4d %-20s" % (line, mark, offset, opname))
        if arg is not None:
            # An EXTENDED_ARG makes numbers long, which dis shows with an L.
            large = "L" if extended else ""
            extended = opcode == dis.EXTENDED_ARG
            expected.append(" " + ("%d%s" % (arg, large)).rjust(5))
            if opcode in SHOWN:
                ending = large if opcode in dis.hasjrel else ""
                expected.append(" (%s%s)" % (argrepr.encode("utf-8"), ending))
        expected.append("\n")
    printed = _Lines()
    original, sys.stdout = sys.stdout, printed
    try:
        dis.disassemble(code)
    finally:
        sys.stdout = original
    if "".join(printed.parts) != "".join(expected):
        raise AssertionError(("".join(printed.parts), "".join(expected)))


class _Lines(object):  # noqa: UP004 - print of 2.7 keeps its softspace in an attribute
    def __init__(self):
        self.parts = []
        self.write = self.parts.append


# --- A code object ------------------------------------------------------------------------

COLUMNS = ["offset", "start", "opcode", "opname", "arg", "argval", "argrepr", "jump", "line"]


def disassembled_code(code, codes):
    constants = {id(constant): brief(constant, codes) for constant in code.co_consts}
    steps = []
    for step in steps_of(code):
        argval, argrepr = step[5], step[6]
        if step[2] in CONSTANTS:
            described = constants.get(id(argval))
            argval = brief(argval, codes) if described is None else described
            if type(step[5]) is CODE:
                argrepr = re.sub(" at 0x[0-9A-Fa-f]+", " at 0x0", argrepr)
        else:
            argval = _argval(argval, codes)
        steps.append(step[:5] + (argval, argrepr) + step[7:])
    if PY2:
        check_27(code, list(steps_of_27(code)))
    columns = dict(zip(COLUMNS, zip(*steps)))
    names = sorted(set(zip(columns["opcode"], columns.pop("opname"))))
    facts = {"opnames": names, "linestarts": list(dis.findlinestarts(code))}
    if not PY2 or dis.EXTENDED_ARG not in columns["opcode"]:  # which 2.7's findlabels ignores
        facts["labels"] = sorted(dis.findlabels(code.co_code))
    if hasattr(code, "co_lines"):
        facts["ranges"] = list(code.co_lines())
    if not LINES:
        del columns["start"]
        columns["line"] = lines_of(columns["offset"], facts)
    if hasattr(code, "co_positions"):
        facts["positions"] = [part for position in code.co_positions() for part in position]
        facts["exceptions"] = [tuple(entry) for entry in dis._parse_exception_table(code)]
    return {"columns": columns, "facts": facts}


def lines_of(offsets, facts):
    """Return the line of each instruction: by co_lines (3.10), before by where lines start."""
    starts = facts.get("ranges") or [(start, None, line) for start, line in facts["linestarts"]]
    changes = {start: line for start, _, line in starts}
    lines = [None]
    for offset in offsets:
        lines.append(changes.get(offset, lines[-1]))
    return lines[1:]


# --- Tasks ----------------------------------------------------------------------------------


def disassembled(request):
    """Compile, marshal, unmarshal and disassemble; None for what does not compile."""
    answers = []
    for place, name in request.get("paths", ()):
        answers.append(_disassembled(payload_of(source_of(place, name), name)))
    for source in request.get("sources", ()):
        answers.append(_disassembled(payload_of(source.encode("utf-8"), "a source")))
    for path in request.get("files", ()):
        with open(path, "rb") as stream:
            answers.append(_disassembled(stream.read()[HEADER_SIZE:]))
    return answers


def _disassembled(payload):
    if payload is None:
        return None
    codes = walk(marshal.loads(payload))
    index = {id(code): place for place, code in enumerate(codes)}
    return {
        "payload": base64.b64encode(payload).decode("ascii"),
        "constants": sorted(CONSTANTS),
        "codes": [disassembled_code(code, index) for code in codes],
    }


if __name__ == "__main__":
    request = json.load(sys.stdin)
    tasks = {"library": library, "disassembled": disassembled}
    json.dump(tasks[request["task"]](request), sys.stdout)
