"""Constants, variables and attributes; values moved about on the stack."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.canonical.docstrings import cleandoc, docstring_text, is_indented
from pycinspect.canonical.frames import NAMESPACE, Frame
from pycinspect.canonical.kinds import Trait, kind_named, kinds_with
from pycinspect.canonical.machine import Machine, Rule
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.rules.annotations import written_out
from pycinspect.canonical.rules.bookkeeping import ADDED, READ_AGAIN
from pycinspect.canonical.rules.keeping import keep_for_copy, keep_on_stack, keep_top
from pycinspect.canonical.rules.words import number, word
from pycinspect.canonical.states import Event, State, bare
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused
from pycinspect.dialects import lowering_of
from pycinspect.pyc import Code

__all__ = ["RULES"]


#: Global variables that ``assert`` (before 3.9) and ``async for`` (before 3.8) load, and for
#: which there are instructions now: the load cannot raise.
_AT_HAND = frozenset({"AssertionError", "StopAsyncIteration"})


def _push(state: State, *values: Value) -> State:
    return state.next(state.stack.push(*values))


# --- Loads ---------------------------------------------------------------------------------


def _load_const(machine: Machine, state: State, op: CanonicalOp) -> State:
    if isinstance(op.operand, Code):  # whatever becomes of it, it may run
        machine.loaded.setdefault(id(op.operand), op.operand)
    return _push(state, machine.values.constant(op.operand))


#: Objects at hand that are constants; the others are builtins (Include/internal/
#: pycore_intrinsics.h and Python/pylifecycle.c: _Py_GetCommonConst, 3.14).
_COMMON_CONSTANTS: Mapping[str, object] = MappingProxyType(
    {"None": None, "True": True, "False": False, "''": "", "-1": -1}
)


#: What older versions look up among the globals, where a program can put something else.
_ONCE_GLOBAL: Mapping[str, Note] = MappingProxyType(
    {"AssertionError": Note.ASSERT_BUILTIN, "StopAsyncIteration": Note.ASYNC_FOR_BUILTIN}
)


def _load_common(machine: Machine, state: State, op: CanonicalOp) -> State:
    name, make = word(op), machine.values.make
    machine.note(_ONCE_GLOBAL.get(name))
    if name in _COMMON_CONSTANTS:
        return _push(state, machine.values.constant(_COMMON_CONSTANTS[name]))
    if name.endswith("Error") or name in _AT_HAND:
        return _push(state, make("global", name))
    return _push(state, make("builtin", name))


def _load_variable(kind: str) -> Rule:
    kind = kind_named(kind)

    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        if word(op) in _AT_HAND:
            return _push(state, machine.values.make("global", word(op)))
        value = machine.unstable(_scope(kind, state.frame), word(op))
        pushed = _push(state, value)
        if _is_bookkeeping(machine, pushed, word(op)):
            return pushed
        if machine.is_read_early(pushed):
            return keep_top(machine, state, pushed)
        handler = machine.unwinding.handler(state)
        if handler is None and not machine.everything:
            return pushed
        return Event(("load", value), (pushed,), handler, state)

    return rule


def _is_bookkeeping(machine: Machine, pushed: State, name: str) -> bool:
    """Return whether a variable is read for what the compiler adds: that raises nothing."""
    if name != "__annotations__":
        return name in READ_AGAIN
    taker = machine.taker(pushed)  # 3.6 has an opcode that takes it from nowhere
    return taker is not None and taker.op.name == "STORE_SUBSCR" and taker.depth == _OWNER


#: How deep the owner is where an item is stored: below the key.
_OWNER = 2


def _scope(kind: str, frame: Frame) -> str:
    """Return ``global`` for the variables of a module, whatever the opcode."""
    return "global" if kind == "name" and frame.is_module else kind


def _load_local(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    name, frame = word(op), state.frame
    if frame.bind is not None and frame.code.varnames[:1] == (name,):  # its one argument
        return _push(state, frame.bind)
    value = machine.local(state, op, name)
    if op.name == "LOAD_FAST" and name in frame.cells and _is_cell(machine, state, value):
        return _load_closure(machine, state, op)
    # ``super()`` reads ``__class__`` itself, since 3.12 there is a load before; the stores of the
    # others are not in the graph, and a class is never called without its namespace.
    is_namespace = name == NAMESPACE and not frame.is_function
    if name == "__class__" or name in READ_AGAIN or is_namespace:
        return _push(state, value)
    pushed = _push(state, value)
    if machine.changes(value) and machine.is_read_early(pushed):
        return keep_top(machine, state, pushed)
    # Whatever handler there is: copies of a ``finally`` body have others, and must stay equal.
    if len(value.parts) == 1 and frame.is_bound(name, state.pc):
        return pushed
    return Event(("load", value), (pushed,), machine.unwinding.handler(state), state)


def _load_deref(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    """Load from a cell; a class looks into its namespace before, but for its comprehensions.

    Python/compile.c: compiler_nameop. Only code made by hand takes the cell alone.
    """
    is_of_class = not state.frame.is_function and word(op) not in READ_AGAIN
    if is_of_class and not _looks_up(machine, state, op):
        raise refused("a class reads the variable of a function, and not its own")
    return _load_local(machine, state, op)


def _looks_up(machine: Machine, state: State, op: CanonicalOp) -> bool:
    """Return whether an op looks into the namespace of a class, or need not."""
    if not lowering_of(machine.dialect).classes_look_up:
        return True
    is_part = state.pc > 0 and state.frame.ops[state.pc - 1].offset == op.offset
    return is_part or _is_in_comprehension(machine, state)


def _is_in_comprehension(machine: Machine, state: State) -> bool:
    """Return whether the loop of a comprehension goes on, evaluated in place (3.12)."""
    above = None
    for value in machine.work.seen(reversed(state.stack)):
        if value.first.kind == "collected" and above in _ITERATORS:
            return True
        above = value.first.kind
    return False


_ITERATORS = kinds_with(Trait.ITERATOR)


def _is_cell(machine: Machine, state: State, variable: Value) -> bool:
    """Return whether LOAD_FAST takes the cell of a variable, as LOAD_CLOSURE does up to 3.12.

    Where a comprehension is evaluated in place, its variable may have the name of a cell of the
    function around it, and be none.
    """
    is_own = len(variable.parts) > 1
    return not is_own or machine.is_saved_for_cell(state, variable.word(0))


_STORE_LOCAL = ("STORE_FAST", "STORE_DEREF")


def _load_closure(machine: Machine, state: State, op: CanonicalOp) -> State:
    return _push(state, machine.values.make("cell", machine.local(state, op, word(op))))


def _store_locals(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    """Make an argument the namespace of a class: of its body it is the one argument (3.0)."""
    rest, (value,) = state.pop(1)
    if value is machine.values.make("local", NAMESPACE):
        return state.next(rest)
    return machine.event(state, ("store_locals", value), rest)


def _check_namespace(_: Machine, state: State, __: CanonicalOp) -> State:
    if state.frame.is_function:  # the interpreter crashes
        raise refused("a function has no namespace")
    return state.next(state.stack)


def _load_and_clear(machine: Machine, state: State, op: CanonicalOp) -> State:
    return _push(state, machine.saved(word(op)))


def _make_cell(machine: Machine, state: State, op: CanonicalOp) -> State:
    """Note whether the variable that a comprehension saves is a cell in it.

    Its cell is made right after the variable is saved (Python/compile.c:
    push_inlined_comprehension_state, 3.12); those of the function itself, at its start.
    """
    stack, name = state.stack, word(op)
    if stack.depth and stack.top.kind == "saved" and stack.top.parts == (name,):
        stack = stack.less(1).push(machine.saved(name, is_cell=True))
    return state.next(stack)


def _load_thing(kind: str) -> Rule:
    kind = kind_named(kind)

    def rule(machine: Machine, state: State, _: CanonicalOp) -> State:
        return _push(state, machine.values.make(kind))

    return rule


def _push_null(machine: Machine, state: State, _: CanonicalOp) -> State:
    return _push(state, machine.values.null)


# --- The stack -----------------------------------------------------------------------------


def _pop_top(_machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    top, rest = state.peek(1), state.stack.less(1)
    if top.kind == "old":
        raise refused("the exception that was handled before is forgotten")
    after = state.next(rest)
    # A statement that is just a name: the load can raise. A store that another one follows is
    # written in the same way (3.13), but no statement begins with one.
    is_name = top.kind in ("global", "name") and top.word(0) not in READ_AGAIN
    if is_name and not _is_stored_behind(after):
        return Event(("eval", top), (after,), None, state)
    return after


def _is_stored_behind(state: State) -> bool:
    """Return whether a store to a local variable comes next, perhaps after more that is popped."""
    while state.next_name() == "POP_TOP":
        state = state.next(state.stack)
    return state.next_name() in _STORE_LOCAL


def _copy(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    depth = number(op)
    return keep_for_copy(machine, state, depth) or _push(state, state.peek(depth))


def _swap(_: Machine, state: State, op: CanonicalOp) -> State:
    depth = number(op)
    state.peek(depth)
    values = state.stack.values(depth)
    values[0], values[-1] = values[-1], values[0]
    return state.next(state.stack.less(depth).push(*values))


def _rot(_: Machine, state: State, op: CanonicalOp) -> State:
    depth = number(op)
    state.peek(depth)
    *below, top = state.stack.values(depth)
    return state.next(state.stack.less(depth).push(top, *below))


# --- Stores --------------------------------------------------------------------------------


def _store(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
        rest, (value,) = state.pop(1)
        name = word(op)
        if value.kind == "saved":
            return state.next(rest)
        if name in machine.bookkeeping and not state.frame.is_function:
            added = ADDED[name]
            if added.is_added(machine, state, value):
                machine.note(added.note)
                return state.next(rest)
        target = _target(machine, state, kind, op)
        text = docstring_text(value.literal, machine.dialect) if name == "__doc__" else None
        if kind == "name" and text is not None:
            value = machine.values.make("docstring", _cleaned(machine, text))
        if rest.depth:  # a copy that is tested after the store is asked again
            rest = rest.less(1).push(bare(rest.top))
        stored = Event(("store", target, value), (state.next(rest),), None, state)
        if value is target:  # it holds the same after the store
            return stored
        return keep_on_stack(machine, state, 1, target) or stored

    return rule


def _target(machine: Machine, state: State, kind: str, op: CanonicalOp) -> Value:
    """Return the variable that an op changes."""
    if kind == "local":
        return machine.local(state, op, word(op))
    return machine.unstable(_scope(kind, state.frame), word(op))


def _cleaned(machine: Machine, text: str) -> str:
    """Return a docstring as 3.13 stores it (Python/compile.c: _PyCompile_CleanDoc)."""
    if is_indented(text):
        machine.notes.add(Note.DOCSTRING_DEDENT)
    return cleandoc(text)


def _delete(kind: str) -> Rule:
    def rule(machine: Machine, state: State, op: CanonicalOp) -> Event:
        target = _target(machine, state, kind, op)
        deleted = machine.event(state, ("delete", target), state.stack)
        return keep_on_stack(machine, state, 0, target) or deleted

    return rule


# --- Attributes, items, annotations ----------------------------------------------------------


def _load_attr(machine: Machine, state: State, op: CanonicalOp) -> State | Event:
    rest, (owner,) = state.pop(1)
    before = state.frame.ops[state.pc - 1] if state.pc else op
    if owner.kind == "call" and before is not op and before.offset == op.offset:
        # LOAD_SUPER_ATTR: one instruction that calls and looks up, without a ``super`` object.
        machine.notes.add(Note.SUPER_ATTRIBUTE)
    # ``import a.b as c``: IMPORT_FROM since 3.7, LOAD_ATTR before.
    kind = "import_from" if owner.kind in ("import", "import_from") else "attr"
    value = machine.values.make(kind, owner, word(op))
    if owner.literal == "" and word(op) == "join":  # of an f-string of many parts (3.10)
        return state.next(rest.push(value))
    return machine.evaluated(state, value, rest)


def _store_attr(machine: Machine, state: State, op: CanonicalOp) -> Event:
    rest, (value, owner) = state.pop(2)
    return machine.event(state, ("store_attr", owner, word(op), value), rest)


def _delete_attr(machine: Machine, state: State, op: CanonicalOp) -> Event:
    rest, (owner,) = state.pop(1)
    return machine.event(state, ("delete_attr", owner, word(op)), rest)


def _store_subscr(machine: Machine, state: State, _: CanonicalOp) -> Event:
    rest, (value, owner, key) = state.pop(3)
    if owner.kind in ("name", "global") and owner.word(0) == "__annotations__":
        text = written_out(machine, state.frame.code, value)
        return machine.event(state, ("annotate", key, text), rest)
    return machine.event(state, ("store_item", owner, key, value), rest)


def _delete_subscr(machine: Machine, state: State, _: CanonicalOp) -> State | Event:
    rest, (owner, key) = state.pop(2)
    if owner.first.kind in ("made", "without_key"):
        # What ``**rest`` of a mapping pattern gets (3.11): a dict that nobody has seen yet.
        less = machine.values.make("without_key", owner, key)
        changed = machine.changed(rest, lambda value: less if value is owner else value)
        if changed is not rest:
            return state.next(changed)
    return machine.event(state, ("delete_item", owner, key), rest)


def _store_annotation(machine: Machine, state: State, op: CanonicalOp) -> Event:
    rest, (value,) = state.pop(1)
    return machine.event(state, ("annotate", machine.values.constant(word(op)), value), rest)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "LOAD_CONST": _load_const,
        "LOAD_COMMON_CONSTANT": _load_common,
        "LOAD_FAST": _load_local,
        "LOAD_DEREF": _load_deref,
        "LOAD_FAST_AND_CLEAR": _load_and_clear,
        "LOAD_CLOSURE": _load_closure,
        "CHECK_NAMESPACE": _check_namespace,
        "STORE_LOCALS": _store_locals,
        "MAKE_CELL": _make_cell,
        "LOAD_GLOBAL": _load_variable("global"),
        "LOAD_NAME": _load_variable("name"),
        "LOAD_LOCALS": _load_thing("locals"),
        "LOAD_BUILD_CLASS": _load_thing("build_class"),
        "PUSH_NULL": _push_null,
        "POP_TOP": _pop_top,
        "COPY": _copy,
        "SWAP": _swap,
        "ROT": _rot,
        "STORE_FAST": _store("local"),
        "STORE_DEREF": _store("local"),
        "STORE_GLOBAL": _store("global"),
        "STORE_NAME": _store("name"),
        "DELETE_FAST": _delete("local"),
        "DELETE_DEREF": _delete("local"),
        "DELETE_GLOBAL": _delete("global"),
        "DELETE_NAME": _delete("name"),
        "LOAD_ATTR": _load_attr,
        "STORE_ATTR": _store_attr,
        "DELETE_ATTR": _delete_attr,
        "STORE_SUBSCR": _store_subscr,
        "DELETE_SUBSCR": _delete_subscr,
        "STORE_ANNOTATION": _store_annotation,
    }
)
