"""What compiling some sources gives, and the same after each kind of tampering.

Runs under any Python from 3.8 on. Reads ``{"sources": [text …], "seed": N}``, prints for each
source ``{"plain": hex, "tampered": {kind: hex}}``: what marshal makes of the code.
"""

import dis
import json
import marshal
import random
import sys
from binascii import hexlify
from types import CodeType

NOP, POP_TOP, LOAD_CONST = (dis.opmap[name] for name in ("NOP", "POP_TOP", "LOAD_CONST"))
HAVE_ARGUMENT = dis.HAVE_ARGUMENT
NAME = "/where/it/was/compiled.py"


def compiled(text, level=0):
    return compile(text, NAME, "exec", dont_inherit=True, optimize=level)


# --- Kinds that change one code object: return another, or None where there is nothing to change.


def constant(wanted, become):
    def change(code, rng):
        places = [i for i, value in enumerate(code.co_consts) if wanted(value)]
        return places and with_constant(code, rng.choice(places), become)

    return change


def with_constant(code, place, become):
    consts = list(code.co_consts)
    consts[place] = become(consts[place])
    return code.replace(co_consts=tuple(consts))


def docstring(code, rng):
    first = code.co_consts[:1]
    if code.co_name == "<module>" or not first or not isinstance(first[0], str):
        return None
    return with_constant(code, 0, lambda text: text + ".")


def renamed(field):
    def change(code, rng):
        names = list(getattr(code, field))
        if not names:
            return None
        place = rng.randrange(len(names))
        names[place] += "_"
        return code.replace(**{field: tuple(names)})

    return change


def swapped_names(code, rng):
    names = list(code.co_names)
    if len(names) < 2:
        return None
    names[0], names[1] = names[1], names[0]
    return code.replace(co_names=tuple(names))


def number(field, step=1):
    return lambda code, rng: (
        hasattr(code, field) and code.replace(**{field: getattr(code, field) + step})
    )


def flag(code, rng):
    return code.replace(co_flags=code.co_flags ^ 0x20)


def opcode(code, rng):
    places = [
        i
        for i in range(0, len(code.co_code), 2)
        if code.co_code[i] in (LOAD_CONST, dis.opmap["LOAD_FAST"])
    ]
    if not places:
        return None
    place = rng.choice(places)
    new = dis.opmap["LOAD_FAST"] if code.co_code[place] == LOAD_CONST else LOAD_CONST
    return code.replace(co_code=code.co_code[:place] + bytes([new]) + code.co_code[place + 1 :])


def appended(code, rng):
    return code.replace(co_code=code.co_code + bytes([NOP, 0, NOP, 0]))


def before_the_end(added):
    """Put instructions before the last one: no jump of most code goes beyond."""

    def change(code, rng):
        return code.replace(co_code=code.co_code[:-2] + bytes(added) + code.co_code[-2:])

    return change


def line_table(code, rng):
    field = "co_linetable" if hasattr(code, "co_linetable") else "co_lnotab"
    table = getattr(code, field)
    return table and code.replace(**{field: table[: len(table) // 2]})


def exception_table(code, rng):
    return getattr(code, "co_exceptiontable", b"") and code.replace(co_exceptiontable=b"")


def qualname(code, rng):
    return hasattr(code, "co_qualname") and code.replace(co_qualname=code.co_qualname + "x")


def path_of_one(code, rng):
    return code.co_name != "<module>" and code.replace(co_filename="/elsewhere.py")


def unused_constant(code, rng):
    return code.replace(co_consts=(*code.co_consts, "never used"))


def swapped_functions(code, rng):
    places = [i for i, value in enumerate(code.co_consts) if isinstance(value, CodeType)]
    if len(places) < 2:
        return None
    one, other = rng.sample(places, 2)
    consts = list(code.co_consts)
    consts[one], consts[other] = consts[other], consts[one]
    return code.replace(co_consts=tuple(consts))


def is_int(value):
    return type(value) is int


ONE = {
    "integer": constant(is_int, lambda value: value + 1),
    "string": constant(lambda value: type(value) is str, lambda value: value + "!"),
    "bytes": constant(lambda value: type(value) is bytes, lambda value: value + b"!"),
    "integer to float": constant(lambda v: is_int(v) and abs(v) < 1 << 50, float),
    "integer to bool": constant(lambda value: is_int(value) and value in (0, 1), bool),
    "zero to minus zero": constant(lambda v: type(v) is float and v == 0, lambda v: -v),
    "bool": constant(lambda value: type(value) is bool, lambda value: not value),
    "tuple": constant(lambda v: type(v) is tuple and len(v) > 1, lambda v: v[::-1]),
    "docstring": docstring,
    "unused constant": unused_constant,
    "swapped functions": swapped_functions,
    "name of a global": renamed("co_names"),
    "swapped names": swapped_names,
    "name of a variable": renamed("co_varnames"),
    "name of a cell": renamed("co_cellvars"),
    "name of a free variable": renamed("co_freevars"),
    "name": lambda code, rng: code.replace(co_name=code.co_name + "x"),
    "qualified name": qualname,
    "opcode": opcode,
    "dead code": appended,
    "NOP": before_the_end([NOP, 0]),
    "load and pop": before_the_end([LOAD_CONST, 0, POP_TOP, 0]),
    "flag": flag,
    "stack size": number("co_stacksize"),
    "first line": number("co_firstlineno"),
    "positional-only": lambda code, rng: (
        code.co_argcount > code.co_posonlyargcount
        and code.replace(co_posonlyargcount=code.co_posonlyargcount + 1)
    ),
    "line table": line_table,
    "exception table": exception_table,
    "path of one": path_of_one,
}


def replaced(code, old, new):
    """Return a code object in which another one inside it is replaced."""
    if code is old:
        return new
    consts = tuple(
        replaced(value, old, new) if isinstance(value, CodeType) else value
        for value in code.co_consts
    )
    return code.replace(co_consts=consts)


def walked(code):
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from walked(value)


def changed(root, change, rng):
    codes = list(walked(root))
    rng.shuffle(codes)
    for code in codes:
        try:
            new = change(code, rng)
        except ValueError:  # the constructor refuses it, and so would marshal
            continue
        if new:
            return replaced(root, code, new)
    return None


# --- Kinds that change how it is written -----------------------------------------------------------


def as_long(data):
    """Spell the first small integer as a long (``l``, one digit of 15 bits)."""
    for place in range(len(data) - 5):
        if data[place] in (0x69, 0xE9) and data[place + 3 : place + 5] == b"\0\0":
            value = int.from_bytes(data[place + 1 : place + 3], "little")
            if 0 < value < 1 << 15:
                long = bytes([data[place] + 3]) + (1).to_bytes(4, "little")
                new = data[:place] + long + value.to_bytes(2, "little") + data[place + 5 :]
                if is_equal(new, data):
                    return new
    return None


def as_unicode(data):
    """Spell the first short string as a long one (``u``)."""
    for place in range(len(data) - 2):
        if data[place] in (0x7A, 0xFA):
            size = data[place + 1]
            head = bytes([0x75 | data[place] & 0x80]) + size.to_bytes(4, "little")
            new = data[:place] + head + data[place + 2 :]
            if size and is_equal(new, data):
                return new
    return None


def is_equal(new, old):
    try:
        return marshal.loads(new) == marshal.loads(old)
    except (EOFError, ValueError, TypeError):
        return False


def answer(text, others, rng):
    root = compiled(text)
    plain = marshal.dumps(root)
    found = {kind: changed(root, change, rng) for kind, change in ONE.items()}
    found["-O"] = compiled(text, 1)
    found["-OO"] = compiled(text, 2)
    found["another module"] = compiled(rng.choice(others))
    payloads = {
        kind: marshal.dumps(code)
        for kind, code in found.items()
        if code and fields(code) != fields(root)
    }
    payloads["bytes after the code"] = plain + b"more"
    payloads["an integer as a long"] = as_long(plain)
    payloads["a string as a longer one"] = as_unicode(plain)
    return {
        "plain": hexlify(plain).decode(),
        "tampered": {kind: hexlify(data).decode() for kind, data in payloads.items() if data},
    }


def fields(code):
    """Return all that a code object says, values by type, sign and bits."""
    return [
        (name, [fields(v) if isinstance(v, CodeType) else (type(v), repr(v)) for v in value])
        if name == "co_consts"
        else (name, value)
        for name, value in ((name, getattr(code, name)) for name in FIELDS)
    ]


#: Methods, and what is computed from another field: co_lnotab since 3.10.
COMPUTED = (
    "co_lines",
    "co_positions",
    *(["co_lnotab"] if hasattr(CodeType, "co_linetable") else []),
)
FIELDS = [name for name in dir(CodeType) if name.startswith("co_") and name not in COMPUTED]


def main():
    request = json.loads(sys.stdin.read())
    rng = random.Random(request["seed"])
    texts = request["sources"]
    print(json.dumps([answer(text, texts, rng) for text in texts]))


main()
