"""Runs inside an oracle, under any Python from 2.7 on: marshals, and says what it reads.

Reads a request as JSON from standard input: {"task": ..., ...}. Values are described so
that JSON loses nothing: type, sign and bits. See tests/differential/unmarshal.py.
"""

# ruff: noqa: B905, PERF401, RUF007, UP031 - Python 2.7 knows no better
import base64
import binascii
import json
import marshal
import os
import struct
import sys
import types
import zipfile

PY2 = sys.version_info[0] == 2
TEXT = type(b"".decode("ascii"))
LONG = type(2**100) if PY2 else None
SLICES = sys.version_info >= (3, 14)
FROZENDICT = getattr(sys.modules["builtins" if not PY2 else "__builtin__"], "frozendict", None)
SINGLETONS = {None: "None", True: "True", False: "False", Ellipsis: "Ellipsis"}


# --- Describing -------------------------------------------------------------------------


def _hex(data):
    return binascii.hexlify(data).decode("ascii")


def _bits(number):
    return _hex(struct.pack("<d", number))


def _points(text):
    """Return the code points: 2.7 may have pairs of surrogates for one."""
    if sys.maxunicode > 0xFFFF:
        return [ord(character) for character in text]
    units = struct.unpack("<%dH" % len(text), text.encode("utf-16-le"))
    points = []
    for unit in units:
        if points and 0xD800 <= points[-1] < 0xDC00 and 0xDC00 <= unit < 0xE000:
            points[-1] = 0x10000 + ((points[-1] - 0xD800) << 10) + unit - 0xDC00
        else:
            points.append(unit)
    return points


def describe(value, codes):
    kind = type(value)
    if kind is types.CodeType:
        return ["code", codes[id(value)]]
    if value is None or value is Ellipsis or kind is bool:
        return ["singleton", str(value)]
    if value is StopIteration:
        return ["singleton", "StopIteration"]
    if kind is int or kind is LONG:
        return ["int" if kind is int else "long", "%x" % value]
    if kind is float:
        return ["float", _bits(value)]
    if kind is complex:
        return ["complex", _bits(value.real), _bits(value.imag)]
    if kind is bytes:
        return ["bytes", _hex(value)]
    if kind is TEXT:
        return ["str", _points(value)]
    if kind is tuple or kind is list:
        return [kind.__name__, [describe(item, codes) for item in value]]
    if kind is set or kind is frozenset:
        return [kind.__name__, sorted((describe(item, codes) for item in value), key=json.dumps)]
    if kind is slice:
        return ["slice"] + [describe(item, codes) for item in (value.start, value.stop, value.step)]
    if kind is dict or kind is FROZENDICT:
        items = [[describe(key, codes), describe(value[key], codes)] for key in value]
        return [kind.__name__, sorted(items, key=json.dumps)]
    raise TypeError(kind)


def describe_code(code, codes):
    fields = {
        name: getattr(code, "co_" + name)
        for name in [
            "argcount",
            "posonlyargcount",
            "kwonlyargcount",
            "nlocals",
            "stacksize",
            "flags",
            "firstlineno",
        ]
        if hasattr(code, "co_" + name)
    }
    for name in ["name", "filename"]:
        fields[name] = _text(getattr(code, "co_" + name))
    for name in ["names", "varnames", "freevars", "cellvars"]:
        fields[name] = [_text(item) for item in getattr(code, "co_" + name)]
    fields["code"] = _hex(code.co_code)
    fields["linetable"] = _hex(
        code.co_linetable if hasattr(code, "co_linetable") else code.co_lnotab
    )
    if hasattr(code, "co_exceptiontable"):
        fields["exceptiontable"] = _hex(code.co_exceptiontable)
    fields["consts"] = [describe(constant, codes) for constant in code.co_consts]
    return fields


def _text(name):
    """Return the code points of a name, which 2.7 has as bytes."""
    return _points(name.decode("utf-8") if PY2 else name)


def walk(root):
    """Return every code object once, depth first, in order of first appearance."""
    codes, seen, waiting = [], set(), [root]
    while waiting:
        code = waiting.pop()
        if id(code) not in seen:
            seen.add(id(code))
            codes.append(code)
            waiting.extend(c for c in reversed(code.co_consts) if type(c) is types.CodeType)
    return codes


# --- Qualified names: what the interpreter will call functions and classes ------------------


def qualnames(codes):
    """Return the qualified name of each code object, None where it cannot be known."""
    if PY2:
        return [None] * len(codes)
    if hasattr(codes[0], "co_qualname"):
        return [code.co_qualname for code in codes]
    names = {id(codes[0]): codes[0].co_name}
    for code in codes:
        _qualnames_in(code, names)
    return [names.get(id(code)) for code in codes]


def _qualnames_in(code, names):
    import dis

    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for one, two, three in zip(steps, steps[1:], steps[2:]):
        made = one.opname == two.opname == "LOAD_CONST" and three.opname == "MAKE_FUNCTION"
        if made and type(one.argval) is types.CodeType and type(two.argval) is str:
            names.setdefault(id(one.argval), two.argval)
    for one, two in zip(steps[:4], steps[1:5]):
        if two.opname == "STORE_NAME" and two.argval == "__qualname__":
            names[id(code)] = one.argval  # a class body says itself what it is


# --- Tasks ------------------------------------------------------------------------------------


def library(_request):
    """Return every source of the standard library, as paths that ``compiled`` reads."""
    folder = os.path.dirname(os.__file__)
    if not os.path.isdir(folder):  # Pyodide's is a zip file
        archive = folder[: folder.index(".zip") + 4]
        names = zipfile.ZipFile(archive).namelist()
        return sorted([archive, name] for name in names if name.endswith(".py"))
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("site-packages", "dist-packages")]
        found += [[place, name] for name in names if name.endswith(".py")]
    return sorted(found)


def source_of(place, name):
    if place.endswith(".zip"):
        return zipfile.ZipFile(place).read(name)
    with open(os.path.join(place, name), "rb") as stream:
        return stream.read()


def compiled(request):
    """Compile, marshal, unmarshal and describe sources; None for what does not compile."""
    answers = [_compiled(source_of(*path), path[1]) for path in request.get("paths", ())]
    for source in request.get("sources", ()):
        answers.append(_compiled(source.encode("utf-8"), "a source"))
    return answers


def payload_of(source, name):
    """Return what a cache of the source would hold, None if it does not compile."""
    try:
        return marshal.dumps(compile(source, name, "exec", 0, True))
    except (SyntaxError, ValueError, TypeError, MemoryError, OverflowError, SystemError):
        return None


def _compiled(source, name):
    payload = payload_of(source, name)
    if payload is None:
        return None
    codes = walk(marshal.loads(payload))
    index = {id(code): place for place, code in enumerate(codes)}
    return {
        "payload": base64.b64encode(payload).decode("ascii"),
        "codes": [describe_code(code, index) for code in codes],
        "qualnames": qualnames(codes),
    }


def payloads(request):
    """Compile and marshal sources of the library; None for what does not compile."""
    found = [payload_of(source_of(*path), path[1]) for path in request["paths"]]
    return [data if data is None else base64.b64encode(data).decode("ascii") for data in found]


def values(request):
    """Marshal the values of expressions in every version of the format; describe them."""
    answers = []
    for expression in request["expressions"]:
        try:
            value = eval(expression)
        except (NameError, SyntaxError):
            continue
        for version in range(marshal.version + 1):
            try:
                payload = marshal.dumps(value, version)
            except (ValueError, TypeError):
                continue
            described = describe(marshal.loads(payload), {})
            answers.append([expression, version, _hex(payload), described])
    return answers


def verdicts(request):
    """Return the type of what ``marshal.loads`` raises, "" for none, for each payload.

    Written to a file one by one: a payload may end the process.
    """
    with open(request["results"], "a", 1) as results:
        for payload in request["payloads"]:
            results.write(_verdict(base64.b64decode(payload)) + "\n")
            results.flush()


def _verdict(payload):
    try:
        value = marshal.loads(payload)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return type(error).__name__
    return "code" if type(value) is types.CodeType else "other"


if __name__ == "__main__":
    request = json.load(sys.stdin)
    if request.get("memory"):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tasks = {
        "library": library,
        "compiled": compiled,
        "payloads": payloads,
        "values": values,
        "verdicts": verdicts,
    }
    json.dump(tasks[request["task"]](request), sys.stdout)
