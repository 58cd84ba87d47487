"""What bytecode_of takes, and that it is the code of the file, not what pytest made of it."""

from __future__ import annotations

import functools
import importlib.util
import os
import py_compile
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect import VacuousCheckError, bytecode_of
from tests.plugin.core import programs
from tests.plugin.core.programs import Shape


def asserting(x):
    assert x > 0, "not positive"
    return x


twins = (lambda x: x + 1, lambda x: x - 1)


@functools.lru_cache
def cached(x):
    return x


def wrapper(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)

    return inner


@wrapper
def wrapped(x):
    return x


def a_generator():
    yield 1


async def a_coroutine():
    return 1


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (programs.fold, "fold"),
        (programs.fold.__code__, "fold"),
        (Shape.__init__, "Shape.__init__"),
        (Shape(1).__init__, "Shape.__init__"),
        (Shape.of, "Shape.of"),
        (Shape.unit, "Shape.unit"),
        (vars(Shape)["unit"], "Shape.unit"),
        (vars(Shape)["of"], "Shape.of"),
        (Shape.area, "Shape.area"),
        (functools.partial(programs.global_call, 1), "global_call"),
        (functools.partial(functools.partial(programs.fold)), "fold"),
        (functools.partialmethod(programs.fold), "fold"),
        (functools.cached_property(programs.fold), "fold"),
        (cached, "cached"),
        (a_generator, "a_generator"),
        (a_generator(), "a_generator"),
        (Shape, "Shape"),
        (programs, "<module>"),
        (programs.__file__, "<module>"),
        (Path(programs.__file__), "<module>"),
        ("x = 1", "<module>"),
        (b"x = 1", "<module>"),
        (twins[0], "<lambda>"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_has_bytecode(subject: object, name: str) -> None:
    code = bytecode_of(subject)
    assert code.name == name
    assert code.notes == ()
    assert len(code) > 0


@pytest.mark.parametrize("subject", [1, len, None, [], object()], ids=lambda s: type(s).__name__)
def test_what_has_none(subject: object) -> None:
    with pytest.raises(PycInspectError, match="has no bytecode"):
        bytecode_of(subject)


def test_a_coroutine_has_that_of_its_function() -> None:
    coroutine = a_coroutine()
    assert bytecode_of(coroutine).name == "a_coroutine"
    coroutine.close()


def test_a_builtin_module_has_none() -> None:
    with pytest.raises(PycInspectError, match="module sys comes from no Python file"):
        bytecode_of(sys)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(PycInspectError, match=r"nothing\.py: No such file"):
        bytecode_of("nothing.py")


def test_a_source_that_does_not_compile() -> None:
    with pytest.raises(PycInspectError, match=r"line 2|:2: "):
        bytecode_of("x = 1\nx +")


# --- The code of the file --------------------------------------------------------------------


def plainly_compiled(function: Callable[..., object]) -> list[str]:
    """Return the opcodes that compiling the file plainly gives a function."""
    import dis

    path = function.__code__.co_filename
    module = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    (code,) = (
        part
        for part in module.co_consts
        if getattr(part, "co_firstlineno", 0) == function.__code__.co_firstlineno
        and part.co_name == function.__name__
    )
    return [step.opname for step in dis.get_instructions(code)]


def test_pytest_rewrote_this_module() -> None:
    assert "@py_assert2" in asserting.__code__.co_varnames or "@py_assert0" in (
        asserting.__code__.co_varnames
    )


def test_rewritten_assertions_do_not_show() -> None:
    code = bytecode_of(asserting)
    assert [i.opname for i in code.raw] == plainly_compiled(asserting)
    assert code.notes == ()
    assert code.path == os.path.relpath(__file__)


def test_the_live_code_is_there_for_who_asks() -> None:
    code = bytecode_of(asserting, pristine=False)
    assert len(code.raw) > len(bytecode_of(asserting).raw)
    assert code.notes == ("the live code, as was asked for",)


def test_twins_on_a_line_are_told_apart() -> None:
    plus, minus = map(bytecode_of, twins)
    assert "BINARY +" in plus
    assert "BINARY -" in minus
    assert plus.notes == minus.notes == ()


def test_code_that_was_executed_has_no_file() -> None:
    names: dict[str, object] = {}
    exec("def made(x): return x * 2", names)
    code = bytecode_of(names["made"])
    assert "BINARY *" in code
    assert code.notes == ("the live code, since <string> is not a file",)
    assert code.path == "<string>"


def test_a_function_with_the_name_and_place_of_another() -> None:
    """A function whose code object says that it comes from here, where there is another."""
    names: dict[str, object] = {}
    exec(compile("def asserting(x):\n    return 7", __file__, "exec"), names)
    code = bytecode_of(names["asserting"])
    assert code.folds_to(7)
    assert "has no asserting, or several; was it changed after the import?" in code.notes[0]


def module_at(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "modules", sys.modules.copy())
    path = tmp_path / "changing.py"
    path.write_text("class C:\n    x = 1\n\ndef f():\n    return 1\n")
    return module_at(path)


@pytest.mark.parametrize(
    "source",
    [
        "class C:\n    x = 1\n\ndef f():\n    return 22\n",
        "\n\n\nclass C:\n    x = 1\n\ndef f():\n    return 1\n",
        "x = 1\n",
    ],
    ids=["same place", "moved", "gone"],
)
def test_a_file_that_was_changed_after_the_import(module: ModuleType, source: str) -> None:
    assert module.__file__ is not None
    Path(module.__file__).write_text(source)
    code = bytecode_of(module.f)
    assert code.folds_to(1)
    assert "changed after the import" in code.notes[0]


def test_a_class_is_found_or_said_to_be_gone(module: ModuleType) -> None:
    assert "STORE_NAME x" in bytecode_of(module.C)
    assert module.__file__ is not None
    Path(module.__file__).write_text("x = 1\n")
    with pytest.raises(PycInspectError, match="class C is not found in its file"):
        bytecode_of(module.C)


def test_a_class_that_has_two_bodies_is_told_by_its_methods(tmp_path: Path) -> None:
    path = tmp_path / "twice.py"
    path.write_text(
        "class C:\n    def f(self): return 1\nif 1:\n  class C:\n    def f(self): return 2\n"
    )
    code = bytecode_of(module_at(path).C)
    assert code["f"].folds_to(2)
    del sys.modules["twice"]


# --- Other levels, files and interpreters ----------------------------------------------------


def test_optimisation_levels() -> None:
    source = 'def f(x):\n    "Docs."\n    assert x\n    return __debug__\n'
    docstrings = {level: bytecode_of(source, optimize=level).tree.docstrings for level in range(3)}
    assert docstrings == {0: ["Docs."], 1: ["Docs."], 2: []}
    assert "RAISE" in bytecode_of(source, optimize=0)["f"]
    assert bytecode_of(source, optimize=1)["f"].folds_to(False)
    assert bytecode_of(asserting, optimize=1).count("RAISE") == 0
    assert bytecode_of(asserting, optimize=1).optimize == 1


def test_what_no_file_has_cannot_be_compiled_otherwise() -> None:
    names: dict[str, object] = {}
    exec("def made(x): return x * 2", names)
    for keywords in ({"optimize": 2}, {"python": sys.executable}):
        with pytest.raises(PycInspectError, match="made cannot be compiled anew: <string>"):
            bytecode_of(names["made"], **keywords)


def test_caches_are_read(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("def f(): return 6 * 7  # ID: here\n")
    cache = py_compile.compile(
        str(source), str(tmp_path / "__pycache__" / f"m.{sys.implementation.cache_tag}.pyc")
    )
    code = bytecode_of(cache)
    assert code["f"].folds_to(42)
    assert code["f"].at("here") == code["f"]
    assert code["f"].source == "def f(): return 6 * 7  # ID: here"
    assert code.optimize is None


def test_the_running_interpreter_by_its_path() -> None:
    assert bytecode_of(asserting, python=sys.executable) == bytecode_of(asserting)
    with pytest.raises(PycInspectError, match="no executable"):
        bytecode_of(asserting, python="/nowhere/python")


def test_views() -> None:
    ops, raw, adaptive = (bytecode_of(programs.fold, view=v) for v in ("ops", "raw", "adaptive"))
    assert (ops.view, raw.view, adaptive.view) == ("ops", "raw", "adaptive")
    assert "RESUME" in raw
    assert len(raw) == len(adaptive)
    assert ops.raw == raw
    with pytest.raises(ValueError, match="view 'other' is none of"):
        bytecode_of(programs.fold, view="other")


def test_code_that_never_ran_has_no_adaptive_view() -> None:
    for code in (bytecode_of("x = 1"), bytecode_of(programs)["fold"]):
        with pytest.raises(PycInspectError, match="it never ran"):
            _ = code.adaptive


def test_the_adaptive_view_changes_as_the_function_runs() -> None:
    def add(x, y):
        return x + y

    for _ in range(200):
        add(1, 2)
    code = bytecode_of(add)
    assert len(code.adaptive) == len(code.raw)
    assert "RESUME" in code.raw


def test_the_library_s_object() -> None:
    found = bytecode_of(programs.fold).to_bytecode()
    assert [instr.name for instr in found] == [i.opname for i in bytecode_of(programs.fold).raw]
    assert found.to_code().co_code == programs.fold.__code__.co_code
    with pytest.raises(PycInspectError, match="not live code"):
        bytecode_of("x = 1").to_bytecode()


@pytest.mark.parametrize(
    ("function", "constant"),
    [
        (programs.for_loop, 0),
        (programs.closure, programs.closure.__code__.co_consts[1]),
        (programs.method_call, ","),
    ],
    ids=["number", "code", "text"],
)
def test_the_library_s_objects_are_expectations(
    function: Callable[..., object], constant: object
) -> None:
    import bytecode as library

    code = bytecode_of(function)
    assert code.raw == code.to_bytecode()
    assert library.Instr("LOAD_CONST", constant) in code.raw
    assert library.Instr("LOAD_CONST", "missing") not in code.raw
    assert code.raw != bytecode_of(programs.fold).to_bytecode()


# --- Code that is not there ------------------------------------------------------------------


def test_a_function_of_cython_has_no_bytecode() -> None:
    """Its ``__code__`` names it in tracebacks; the bytes in it are zeros, and nobody runs them."""
    code = a_generator.__code__
    code = code.replace(co_code=bytes(len(code.co_code)))
    for subject in (
        code,
        SimpleNamespace(__code__=code),
        functools.partial(FunctionType(code, {})),
    ):
        with pytest.raises(PycInspectError, match="machine code: its __code__ is all zeros"):
            bytecode_of(subject)


def test_a_part_without_instructions_says_nothing() -> None:
    code = bytecode_of("x = 1\n\ny = f()\n# ID: nothing\nz = 2\n")
    assert code.lines == (1, 3, 5)
    for where in (99, "nothing"):
        with pytest.raises(
            ValueError, match=r"<module> has no instruction in line .*, but in lines 1, 3 and 5"
        ):
            code.at(where)
    nothing = code[100:]
    assert len(nothing) == 0
    for check in (
        lambda: "CALL" in nothing,
        lambda: "CALL 1" in nothing,
        lambda: nothing.count("CALL"),
        lambda: nothing.find("CALL 1"),
        lambda: nothing.contains("never CALL"),
        lambda: nothing.matches("never CALL"),
        lambda: nothing.startswith("never CALL"),
        lambda: nothing.endswith("never CALL"),
        lambda: nothing == "never CALL",
    ):
        with pytest.raises(VacuousCheckError, match=r"has no instructions, .* lines 1, 3 and 5"):
            check()


def test_a_variable_of_the_closure_without_a_value() -> None:
    def f():
        return later()

    code = bytecode_of(f)
    assert [call.text for call in code.unresolved_calls] == ["later"]
    later = print
    assert bytecode_of(f).calls_to(later)
