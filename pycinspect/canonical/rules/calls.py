"""Calls of six generations, functions and classes; comprehensions are evaluated in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pycinspect.canonical.frames import COMPREHENSIONS, is_lazy
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.annotations import written_out
from pycinspect.canonical.rules.displays import display, pairs
from pycinspect.canonical.rules.operators import joined, written
from pycinspect.canonical.rules.words import number, word
from pycinspect.canonical.stack import EMPTY, Stack
from pycinspect.canonical.states import Caller, Event, State
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused
from pycinspect.pyc import Code

__all__ = [
    "ANNOTATIONS",
    "CLOSURE",
    "DEFAULTS",
    "KWDEFAULTS",
    "RULES",
    "apply",
    "code_in",
    "function_of",
    "managed",
    "only_read",
    "passed",
    "passed_by_name",
    "returned",
    "with_attribute",
]

_Names = Sequence[object]


# --- Calls ---------------------------------------------------------------------------------


def _call(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    names: _Names = ()
    if state.peek(1).kind == "kw_names":
        names = _names(state.peek(1).value(0))
        state = state._replace(stack=state.stack.less(1))
    return _called(machine, state, number(op), names)


def _call_kw(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    names = _names(state.peek(1))
    return _called(machine, state._replace(stack=state.stack.less(1)), number(op), names)


def _names(value: Value) -> _Names:
    if not isinstance(value.literal, tuple):
        raise refused("names of keyword arguments are not a constant")
    return value.literal


def _called(machine: Machine, state: State, count: int, names: _Names) -> State | Event:
    """Call the deepest of ``count + 1`` values with the others; NULL is none."""
    rest, values = state.pop(count + 1)
    values = [value for value in values if value is not machine.values.null]
    if len(values) <= len(names):
        raise refused("a call has fewer arguments than names")
    function, *args = values
    split = len(args) - len(names)
    make = machine.values.make
    keywords = [
        make("keyword", machine.values.constant(name), value)
        for name, value in zip(names, args[split:], strict=True)
    ]
    return apply(machine, state, function, [*args[:split], *keywords], rest)


def _kw_names(machine: Machine, state: State, op: CanonicalOp) -> State:
    names = machine.values.make("kw_names", machine.values.constant(op.operand))
    return state.next(state.stack.push(names))


def _call_ex(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, values = state.pop(number(op) + 1)
    values = [value for value in values if value is not machine.values.null]
    if len(values) not in (2, 3):
        raise refused("a call has no arguments")
    function, args, *mappings = values
    arguments = passed(machine, args)
    for mapping in mappings:
        arguments.extend(passed_by_name(machine, mapping))
    return apply(machine, state, function, arguments, rest)


def passed(machine: Machine, args: Value) -> list[Value]:
    """Return the arguments that an iterable after ``*`` is."""
    if args.kind in ("tuple", "list"):
        return list(args.operands)
    return [machine.values.make("star", args)]


def passed_by_name(machine: Machine, mapping: Value) -> list[Value]:
    """Return the arguments that a mapping after ``**`` is."""
    make = machine.values.make
    if mapping.kind != "map":
        return [make("star2", mapping)]
    return [
        make("keyword", *item.operands) if item.kind == "pair" else item
        for item in mapping.operands
    ]


def apply(
    machine: Machine, state: State, function: Value, args: list[Value], rest: Stack
) -> State | Event:
    """Return the call of a function; of a comprehension, what happens inside it."""
    make = machine.values.make
    if function.kind == "func" and len(args) == 1:
        code = _code_of(machine, function)
        if code.name in COMPREHENSIONS:
            machine.inlined[id(code)] = code
            machine.notes.add(Note.INLINED_COMPREHENSION)
            return _evaluated_in_place(machine, state, code, args[0], rest)
        if code.name == "<genexpr>":
            args = [_outermost(machine, args[0])]
    if function.kind == "attr" and function.parts == (machine.values.constant(""), "join"):
        text = _text(machine, args)
        if text is not None:
            return written(machine, state, text, rest)
    manager = managed(machine, function)
    if manager is not None:
        return machine.evaluated(state, make("with_exit", manager), rest)
    if function.kind == "special":
        kind = "with_enter" if function.word(1) == "__enter__" else "async_with_enter"
        return machine.evaluated(state, make(kind, function.value(0)), rest)
    return machine.evaluated(state, make("call", function, *args), rest)


def managed(machine: Machine, leaves: Value) -> Value | None:
    """Return the manager of what leaves it, which is another one for each ``with``."""
    if leaves.first.kind != "exit":
        return None
    manager = leaves.first.value(0)
    while leaves is not leaves.first:
        leaves, manager = leaves.value(0), machine.values.make("again", manager)
    return manager


def only_read(manager: Value) -> Value:
    """Return a manager that is taken at once; some versions copy it before (3.14)."""
    return manager.value(0) if manager.kind == "kept" else manager


def _text(machine: Machine, args: list[Value]) -> Value | None:
    """Return the f-string of many parts that is written as ``"".join([…])``, else None.

    Python/compile.c: compiler_joined_str (3.10); its parts are strings already.
    """
    if len(args) != 1 or args[0].kind != "list":
        return None
    parts = args[0].operands
    are_texts = all(part.kind == "fstring" or isinstance(part.literal, str) for part in parts)
    return joined(machine, parts) if are_texts else None


def _outermost(machine: Machine, argument: Value) -> Value:
    """Return the outermost iterable of a generator expression, not its iterator.

    3.15 asks for the iterator inside the generator, the others outside.
    """
    if argument.kind == "outermost":  # of an asynchronous one
        argument = argument.value(0)
    if argument.kind in ("iter", "aiter"):
        machine.notes.add(Note.GENEXPR_ITER)
        argument = argument.value(0)
    if argument.kind == "list":  # the compiler makes a constant tuple of it if it can
        return machine.values.make("tuple", *argument.parts)
    return argument


def _evaluated_in_place(
    machine: Machine, state: State, code: Code, argument: Value, rest: Stack
) -> State:
    caller = Caller(state.frame, state.pc + 1, rest, state.blocks)
    if any(waiting.frame.code is code for waiting in state.callers):
        raise refused("a comprehension calls itself")
    return State(machine.frame(code, argument), 0, EMPTY, (), (*state.callers, caller))


def returned(machine: Machine, state: State, value: Value) -> State:
    """Return the state after a call that was evaluated in place."""
    caller, callers = state.callers[-1], state.callers[:-1]
    stack = caller.stack
    if stack and stack.top.kind == "annotating":
        stack, value = stack.less(1), _annotated(machine, stack.top.value(0), value)
    elif state.frame.is_coroutine:
        value = machine.values.make("comprehension", value)
    return State(caller.frame, caller.pc, stack.push(value), caller.blocks, callers)


# --- Functions -----------------------------------------------------------------------------

#: Bits of MAKE_FUNCTION and SET_FUNCTION_ATTRIBUTE, and the part of the value that each is.
DEFAULTS, KWDEFAULTS, ANNOTATIONS, CLOSURE, _ANNOTATE = 1, 2, 4, 8, 16
_PLACES: Mapping[int, int] = MappingProxyType({DEFAULTS: 2, KWDEFAULTS: 3, ANNOTATIONS: 4})

#: From here on the parts of a function are what it shares, where that is not plain to see.
_SHARED = 5


def _make_function(machine: Machine, state: State, op: CanonicalOp) -> State:
    bits = number(op)
    attributes = [bit for bit in (DEFAULTS, KWDEFAULTS, ANNOTATIONS, CLOSURE) if bits & bit]
    rest, values = state.pop(len(attributes) + 1)
    function = function_of(machine, values.pop())
    for bit, value in zip(attributes, values, strict=True):
        function = with_attribute(machine, function, bit, value)
    return state.next(rest.push(function))


def _qualify(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    """Drop a name that says nothing: where the function stands, or that it is global (PEP 3155)."""
    rest, (code, name) = state.pop(2)
    inner, around = code_in(machine, code).name, state.frame.code.qualname
    if name.literal in (inner, f"{around}.{inner}", f"{around}.<locals>.{inner}"):
        return state.next(rest.push(code))
    return machine.event(state, ("qualify", name), rest.push(code))


def function_of(machine: Machine, code: Value) -> Value:
    """Return a function that is made of a code object, as yet without what it shares."""
    made, null = code_in(machine, code), machine.values.null
    shared = [null] if made.freevars else []
    return machine.values.make("func", made.name, code, null, null, null, *shared)


def code_in(machine: Machine, value: Value) -> Code:
    """Return the code object that a value is."""
    if value.kind != "code":
        raise refused("a function is made of no code object")
    index = value.parts[0]
    assert isinstance(index, int)
    return machine.values.codes[index]


def _code_of(machine: Machine, function: Value) -> Code:
    return code_in(machine, function.value(1))


def with_attribute(machine: Machine, function: Value, bit: int, value: Value) -> Value:
    """Return a function with defaults, annotations, or the variables that it shares."""
    if bit == CLOSURE:
        return _with_closure(machine, function, value)
    if bit not in _PLACES or (bit == DEFAULTS and is_lazy(_code_of(machine, function))):
        return function
    if bit == ANNOTATIONS:
        return _annotated(machine, function, value)
    parts = list(function.parts)
    parts[_PLACES[bit]] = value
    return machine.values.make("func", *parts)


def _with_closure(machine: Machine, function: Value, cells: Value) -> Value:
    """Return a function with the variables that it shares, if their names do not say which."""
    code, parts = _code_of(machine, function), function.parts[:_SHARED]
    names = tuple(map(_name_of, cells.operands)) if cells.kind == "tuple" else None
    if names != code.freevars:  # no compiler's
        return machine.values.make("func", *parts, cells)
    if not machine.closures:
        return machine.values.make("func", *parts)
    by_name = dict(zip(code.freevars, cells.operands, strict=True))
    ordered = [by_name[name] for name in machine.free_variables(code) if name in by_name]
    return machine.values.make("func", *parts, *ordered)


def _name_of(cell: Value) -> str | None:
    """Return the name of the variable that a cell is of, None for what is not a cell."""
    return cell.value(0).word(0) if cell.kind == "cell" else None


def _annotated(machine: Machine, function: Value, annotations: Value) -> Value:
    """Return the function with annotations, which were names and values in turn (3.10)."""
    if annotations.kind == "tuple" and len(annotations.operands) % 2 == 0:
        annotations = display(machine, "map", pairs(machine, annotations.operands))
    parts = list(function.parts)
    parts[_PLACES[ANNOTATIONS]] = _as_written(machine, _code_of(machine, function), annotations)
    return machine.values.make("func", *parts)


def _as_written(machine: Machine, code: Code, annotations: Value) -> Value:
    """Return the annotations of a function in the order of its parameters, and their texts.

    Those of positional-only parameters come after the next ones up to 3.14 (Python/codegen.c:
    codegen_annotations_in_scope).
    """
    found = annotations.operands
    if annotations.kind != "map" or any(item.kind != "pair" for item in found):
        return annotations
    first = code.varnames[: code.posonlyargcount]
    ordered = sorted(found, key=lambda item: item.value(0).literal not in first)
    if ordered != list(found):
        machine.notes.add(Note.ANNOTATION_ORDER)
    texts = [(item.value(0), written_out(machine, code, item.value(1))) for item in ordered]
    return display(machine, "map", [machine.values.make("pair", *both) for both in texts])


def _set_attribute(machine: Machine, state: State, op: CanonicalOp) -> State:
    rest, (value, function) = state.pop(2)
    if function.kind != "func":
        raise refused("an attribute is set of no function")
    bit = number(op)
    if bit != _ANNOTATE:
        return state.next(rest.push(with_attribute(machine, function, bit, value)))
    if value.kind != "func":
        raise refused("__annotate__ is not a function")
    # PEP 649: what the interpreter would do when it is asked for the annotations.
    code = _code_of(machine, value)
    machine.inlined[id(code)] = code
    machine.notes.add(Note.LAZY_ANNOTATIONS)
    waiting = rest.push(machine.values.make("annotating", function))
    return _evaluated_in_place(machine, state, code, machine.values.constant(1), waiting)


def _load_special(machine: Machine, state: State, op: CanonicalOp) -> State:
    rest, (manager,) = state.pop(1)
    manager, name = only_read(manager), word(op)
    if name in ("__exit__", "__aexit__"):
        left = machine.another(state, machine.values.make("exit", manager), rest)
        return state.next(rest.push(left))
    return state.next(rest.push(machine.values.make("special", manager, name)))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "CALL": _call,
        "CALL_KW": _call_kw,
        "KW_NAMES": _kw_names,
        "CALL_FUNCTION_EX": _call_ex,
        "QUALIFY": _qualify,
        "MAKE_FUNCTION": _make_function,
        "SET_FUNCTION_ATTRIBUTE": _set_attribute,
        "LOAD_SPECIAL": _load_special,
    }
)
