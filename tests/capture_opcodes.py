"""Prints the opcode table of the interpreter that runs it, as in pycinspect/dialects/numbers/.

    python3.16 tests/capture_opcodes.py --like pycinspect/dialects/numbers/cpython-3.15.tsv

Stands alone: runs under any Python from 2.7 on. Everything is asked of the interpreter (modules
``opcode``, ``dis``, ``inspect``), but for what none of them says: that an argument which is an
index has more bits below it (``name+null``), that a plain number is a choice (``function``), and
that an opcode is in no file (``internal``). Those are taken, by the name of the operation, from
the tables that ``--like`` names, the first that has it. What is in none of them is named on
standard error: look it up, correct the table, and write its row of ``operations.tsv``. What kept
its name and changed its meaning is shown by ``python -m tests.differential.disasm``.
"""

# ruff: noqa: B905, FURB161, RUF005, UP010, UP020, UP031 - Python 2.7 knows no better
from __future__ import print_function

import argparse
import dis
import inspect
import io
import opcode
import platform
import sys

#: The spellings of stack effects; ``dialects/opcodes.py`` has a function for each. They are
#: expressions with ``a`` for the argument and three words for what it is made of.
# fmt: off
SPELLINGS = [
    "a", "a-1", "-a", "1-a", "-1-a", "-2-a", "1-2*a",
    "a&1", "1+(a&1)", "-2+(a&1)", "-1-(a&1)", "-2-(a&1)",
    "-1-(a==3)", "-(a&4)/4", "1-(a&255)", "(a&255)+(a>>8)",
    "-pairs", "-1-pairs", "-2-pairs",
    "-pairs-annotations", "-1-pairs-annotations", "-2-pairs-annotations",
    "-bits", "-1-bits",
]
# fmt: on
#: Arguments that tell all of them from each other.
ARGUMENTS = list(range(18)) + [0xFF, 0x100, 0x1FF, 0x203, 0x1234, 0x10000, 0x50201]
#: Since 3.4. PyPy's counts a jump's effect on top of the other's, roughly, and crashes when it is
#: asked about CALL_FUNCTION_EX with an argument above 1.
MEASURES = hasattr(dis, "stack_effect") and platform.python_implementation() != "PyPy"

#: What the lists of ``opcode`` make of an argument. The variables that are not local ones are
#: counted with them since 3.11, when code objects can say so.
ONE_INDEX = hasattr(dis.disassemble.__code__, "_varname_from_oparg")
LISTS = (
    ("hasconst", "const"),
    ("hasname", "name"),
    ("haslocal", "local"),
    ("hasfree", "variable" if ONE_INDEX else "cell"),
    ("hascompare", "compare"),
    ("hasjabs", "absolute"),
    ("hasjrel", "forward"),
    ("hasexc", "forward"),
)
#: What they cannot say: one of these words, found elsewhere, is not a contradiction.
FINER = {
    "name": ["name+null", "name+method", "name+super", "name+lazy"],
    "local": ["local+local"],
    "compare": ["compare>>4", "compare>>5"],
    "raw": ["arguments", "binary", "common-constant", "conversion", "format", "function"]
    + ["in", "intrinsic-1", "intrinsic-2", "is", "small-int", "special-method"],
}
COLUMNS = ["number", "name", "operand", "caches", "role", "base", "effect"]

# --- Asking the interpreter ----------------------------------------------------------


def numbers():
    """Return every operation's number; dis knows those that are only in memory (3.11)."""
    found = dict(opcode.opmap)
    found.update(getattr(dis, "_all_opmap", {}))
    return found


def bases():
    """Return what specialised operations stand in for, by name (PEP 659)."""
    families = getattr(opcode, "_specializations", {})
    return {member: base for base, members in families.items() for member in members}


def takes_argument(number):
    if hasattr(opcode, "hasarg"):  # 3.12
        return number in opcode.hasarg
    return number >= opcode.HAVE_ARGUMENT


def listed_operand(number):
    """Return what the interpreter says of an operation's argument."""
    is_backward = getattr(dis, "_is_backward_jump", None)  # 3.11
    for name, operand in LISTS:
        if number in getattr(opcode, name, ()):
            return "backward" if is_backward and is_backward(number) else operand
    if number == dis.EXTENDED_ARG:
        return "extended"
    return "raw" if takes_argument(number) else "none"


def caches(name, number):
    entries = getattr(opcode, "_inline_cache_entries", {})  # by number, since 3.13 by name
    if isinstance(entries, list):
        return entries[number] if number < len(entries) else 0
    return entries.get(name, 0)


def measured(number, argument, **jump):
    try:
        return dis.stack_effect(number, argument, **jump)
    except ValueError:
        return None  # no such argument, or an operation that the compiler does not know


def spelled(name, number):
    """Return the spelling of an operation's stack effect, None where no spelling fits."""
    if not MEASURES:
        return ""
    if name in ("NOP", "EXTENDED_ARG"):
        return "0"  # of which stack_effect knows nothing up to 3.7
    arguments = ARGUMENTS if takes_argument(number) else [None]
    stay, jump = (_spelling(number, arguments, choice) for choice in _choices())
    if stay is None or jump is None:
        return None
    return stay if stay == jump else "%s|%s" % (stay, jump)


def _choices():
    """Yield the options of stack_effect that ask for each way; up to 3.7 it says the larger."""
    return ({"jump": False}, {"jump": True}) if can_ask_jumps() else ({}, {})


def can_ask_jumps():
    try:
        dis.stack_effect(dis.opmap["NOP"], None, jump=True)
    except TypeError:
        return False
    return True


def _spelling(number, arguments, choice):
    pairs = [(argument, measured(number, argument, **choice)) for argument in arguments]
    known = [(argument, effect) for argument, effect in pairs if effect is not None]
    effects = {effect for _, effect in known}
    if len(effects) == 1:
        return str(effects.pop())
    fitting = (s for s in SPELLINGS if all(effect_of(s, a) == effect for a, effect in known))
    return next(fitting, None) if known else None


def effect_of(spelling, argument):
    """Return the effect that a spelling stands for."""
    words = {
        "a": argument,
        "pairs": (argument & 0xFF) + 2 * (argument >> 8 & 0xFF),
        "annotations": argument >> 16 & 0x7FFF,
        "bits": bin(argument & 0xF).count("1"),
    }
    return eval(spelling, {}, words)


# --- The table -------------------------------------------------------------------------


def read_rows(text):
    """Return the rows of a table by name."""
    lines = [line.split("\t") for line in text.splitlines() if line[:1] not in ("#", "@")]
    return {cells[1]: dict(zip(lines[0], cells)) for cells in lines[1:] if len(cells) > 1}


class Capture(object):  # noqa: UP004 - Python 2.7
    """The table of the running interpreter.

    Args:
        like: rows of other tables by name.
    """

    def __init__(self, like):
        self.complaints = []
        self._like = like
        self._numbers = numbers()
        self._bases = bases()

    def text(self):
        lines = ["# captured from the running interpreter: " + described(), "\t".join(COLUMNS)]
        by_number = sorted((number, name) for name, number in self._numbers.items())
        for number, name in by_number:
            row = self._row(name, number)
            lines.append("\t".join(str(row[column]) for column in COLUMNS))
        lines.extend("\t".join(["@" + name] + words) for name, words in lists() if words)
        return "\n".join(lines) + "\n"

    def _row(self, name, number):
        role, base = self._role(name, number)
        asked = base or name
        effect = spelled(name, number) if role == "real" else ""
        if effect is None:
            self._complain(name, "no spelling fits its stack effect")
        return {
            "number": number,
            "name": name,
            "operand": self._operand(asked, self._numbers[asked]),
            "caches": caches(asked, self._numbers[asked]),
            "role": role,
            "base": base,
            "effect": effect or "",
        }

    def _role(self, name, number):
        if name in self._bases:
            return "specialised", self._bases[name]
        prefix, _, base = name.partition("INSTRUMENTED_")
        if not prefix and base:
            return "instrumented", base if base in self._numbers else ""
        if number > 255:
            return "pseudo", ""
        internal = self._like.get(name, {}).get("role") == "internal"
        return ("internal" if internal else "real"), ""

    def _operand(self, name, number):
        listed = listed_operand(number)
        if name not in self._like:
            self._complain(name, "is in no other table; the interpreter says %r" % listed)
            return listed
        known = self._like[name]["operand"]
        if known == listed or known in FINER.get(listed, ()):
            return known
        self._complain(name, "was %r; the interpreter says %r" % (known, listed))
        return listed

    def _complain(self, name, message):
        complaint = "%s: %s" % (name, message)
        if complaint not in self.complaints:
            self.complaints.append(complaint)


def described():
    """Return whose table it is."""
    name = getattr(sys, "implementation", None) and sys.implementation.name
    implementation = name if name == "pypy" else platform.python_implementation()
    version = platform.python_version() + (" (Pyodide)" if sys.platform == "emscripten" else "")
    words = (implementation, version, magic_word(), opcode.HAVE_ARGUMENT)
    return "%s %s, magic %d, HAVE_ARGUMENT %d" % words


def magic_word():
    try:
        from importlib import util

        magic = util.MAGIC_NUMBER
    except ImportError:
        from imp import get_magic

        magic = get_magic()
    low, high = bytearray(magic[:2])
    return low | high << 8


# --- Lists after the table ------------------------------------------------------------


def lists():
    """Yield the name and the words of every list that arguments are looked up in."""
    yield "have_argument", ["256" if hasattr(opcode, "hasarg") else str(opcode.HAVE_ARGUMENT)]
    yield "cmp_op", [str(word) for word in opcode.cmp_op]
    yield "nb_ops", [sign for _, sign in getattr(opcode, "_nb_ops", ())]
    for name in ("intrinsic_1_descs", "intrinsic_2_descs"):
        yield name, [str(word) for word in getattr(opcode, "_" + name, ())]
    yield "common_constants", [_written(v) for v in getattr(opcode, "_common_constants", ())]
    yield "special_method_names", list(getattr(opcode, "_special_method_names", ()))
    names = ("FUNCTION_ATTR_FLAGS", "MAKE_FUNCTION_FLAGS")  # 3.13, 3.8
    yield "function_flags", list(next((getattr(dis, n) for n in names if hasattr(dis, n)), ()))
    yield "flags", ["%d:%s" % flag for flag in sorted(code_flags().items())]
    yield "effects", effects()


def effects():
    """Return how exact stack effects are."""
    if not MEASURES:
        return []
    return ["exact" if can_ask_jumps() else "upper"]


def code_flags():
    """Return the names of the bits of co_flags."""
    if hasattr(dis, "COMPILER_FLAG_NAMES"):  # 3.2
        return dis.COMPILER_FLAG_NAMES
    found = {name[3:]: getattr(inspect, name) for name in dir(inspect) if name[:3] == "CO_"}
    return {bit: name for name, bit in found.items()}


def _written(value):
    """Return a builtin's name, or the literal of a value."""
    return getattr(value, "__name__", None) or repr(value)


def like(texts):
    """Return rows by name; where several tables have a name, the first one's."""
    rows = {}
    for text in reversed(texts):
        rows.update(read_rows(text))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--like", action="append", default=[], metavar="FILE")
    texts = []
    for path in parser.parse_args().like:
        with io.open(path, encoding="utf-8") as stream:
            texts.append(stream.read())
    capture = Capture(like(texts))
    print(capture.text(), end="")
    for complaint in capture.complaints:
        print(complaint, file=sys.stderr)


if __name__ == "__main__":
    main()
