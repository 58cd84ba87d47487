"""Calls by object: what is said to be called is called when the function runs, by every spelling.

Each program is a way to name ``target`` and a place of a call. It runs with ``sys.setprofile``, which
says whether the target was really called; ``in`` and ``not in`` must say the same, or say that they do
not know.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from pytest_pycinspect import (
    AliasedCallError,
    AmbiguousWrapperError,
    Bytecode,
    UndecidableCallError,
    UnknownNameWarning,
)
from pytest_pycinspect.asking import BytecodeOf

#: How a module names what it calls: lines of the module, of the function, and the expression. The
#: function's parameters, closure and namespace come from the lines.
SPELLINGS: Mapping[str, tuple[str, str, str]] = {
    "attribute": ("import {m}", "pass", "{m}.{f}"),
    "alias of the module": ("import {m} as clock", "pass", "clock.{f}"),
    "from": ("from {m} import {f}", "pass", "{f}"),
    "from as": ("from {m} import {f} as t", "pass", "t"),
    "star": ("from {m} import *", "pass", "{f}"),
    "global alias": ("import {m}\nt = {m}.{f}", "pass", "t"),
    "alias of an alias": ("import {m} as n\nu = n\nt = u.{f}\ns = t", "pass", "s"),
    "import inside": ("", "import {m}", "{m}.{f}"),
    "import inside as": ("", "import {m} as clock", "clock.{f}"),
    "from inside": ("", "from {m} import {f}", "{f}"),
    "from inside as": ("", "from {m} import {f} as t", "t"),
    "local alias": ("import {m}", "t = {m}.{f}", "t"),
    "local alias of the module": ("import {m}", "n = {m}", "n.{f}"),
    "two local aliases": ("import {m}", "t = {m}.{f}; u = t", "u"),
    "tuple of aliases": ("import {m}", "t, u = {m}.{f}, {m}", "t"),
    "walrus": ("import {m}", "pass", "(t := {m}.{f})"),
    "one of two": ("import {m}\nno = 0", "t = len if no else {m}.{f}", "t"),
    "or": ("import {m}\nno = 0", "pass", "(no or {m}.{f})"),
    "attribute of a class": ("import {m}\nclass K: t = staticmethod({m}.{f})", "pass", "K.t"),
    "attribute of an object": ("import {m}\nclass K: pass\nk = K()\nk.t = {m}.{f}", "pass", "k.t"),
    "partial": ("import functools, {m}\nt = functools.partial({m}.{f})", "pass", "t"),
    "static method": ("import {m}\nt = staticmethod({m}.{f})", "pass", "t"),
    "bound by hand": ("import {m}, types\nt = types.MethodType({m}.{f}, 1)", "pass", "t"),
    "method of a class": (
        "import {m}\nclass K:\n def t(*args, **k): {m}.{f}()\n {f} = {m}.{f}",
        "pass",
        "K().{f}",
    ),
    "partial inside": ("import functools, {m}", "pass", "functools.partial({m}.{f})"),
    "in a local class": ("import {m}", "class K: t = staticmethod({m}.{f})", "K.t"),
    "global statement": ("import {m}", "global t; t = {m}.{f}", "t"),
    "getattr": ("import {m}", "pass", "getattr({m}, '{f}')"),
    "item": ("import {m}\nd = {{'t': {m}.{f}}}", "pass", "d['t']"),
    "result": ("import {m}\ndef g(): return {m}.{f}", "pass", "g()"),
    "other": ("import {m}", "pass", "{m}.other"),
    "other alias": ("from {m} import other as {f}", "pass", "{f}"),
    "builtin": ("", "pass", "repr"),
}
#: Of these it is not known what they call, and neither is said.
OPEN = {"getattr", "item", "result", "partial inside", "in a local class"}
#: And of these nor is it known, but the target is one of those that are.
PARTLY = {"method of a class"}
NOT_CALLED = {"other", "other alias", "builtin"}

PLACES: Mapping[str, str] = {
    "statement": "{t}(x)",
    "return": "return {t}(x)",
    "argument": "str({t}(x))",
    "condition": "if {t}(x): pass",
    "loop": "for _ in [x]: {t}(x)",
    "comprehension": "[{t}(x) for _ in [x]]",
    "try": "try: {t}(x)\n    finally: pass",
    "finally": "try: pass\n    finally: {t}(x)",
    "except": "try: 1 / 0\n    except ZeroDivisionError: {t}(x)",
    "decorator": "@{t}\n    class Made: pass",
    "f-string": 'f"{{{t}(x)}}"',
    "keywords": "{t}(x, **{{}})",
}

TARGET = "def target(*args, **kwargs): return args\ndef other(*args, **kwargs): return args\n"


@pytest.fixture(scope="module")
def target() -> Iterator[ModuleType]:
    module = ModuleType("traced_clock")
    exec(TARGET, module.__dict__)
    sys.modules["traced_clock"] = module
    yield module
    del sys.modules["traced_clock"]


def module_of(path: Path, source: str) -> ModuleType:
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_called(function: Callable[..., object], wanted: Callable[..., object]) -> bool:
    seen: list[object] = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: seen.append(frame.f_code) if event == "call" else None)
    try:
        function(["x"])
    finally:
        sys.setprofile(before)
    return wanted.__code__ in seen


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_is_called(
    spelling: str, target: ModuleType, tmp_path: Path, bytecode_of: BytecodeOf
) -> None:
    head, before, expression = (
        part.format(m="traced_clock", f="target") for part in SPELLINGS[spelling]
    )
    functions = [
        f"def f{number}(x):\n    {before}\n    {place.format(t=expression)}\n"
        for number, place in enumerate(PLACES.values())
    ]
    module = module_of(tmp_path / "subject.py", "\n".join([head, *functions]))
    for number in range(len(PLACES)):
        function = getattr(module, f"f{number}")
        really = is_called(function, target.target)
        assert really is (spelling not in NOT_CALLED)
        code = bytecode_of(function)
        if spelling in OPEN:
            with pytest.raises(UndecidableCallError, match="not known"):
                assert target.target not in code.calls
            assert code.calls_to(target.target, unresolved="ignore") == []
            assert len(code.unresolved_calls) == 1
        else:
            assert (target.target in code.calls) is really
            assert len(code.calls_to(target.target)) == really
            assert (code.unresolved_calls != []) is (spelling in PARTLY)


NESTED = """
import traced_clock
def closure():
    t = traced_clock.target
    def f(x): return t(x)
    return f
def default(x, t=traced_clock.target): return t(x)
def keyword(x, *, t=traced_clock.target): return t(x)
def parameter(x, t): return t(x)
class K:
    def helper(self): pass
    def method(self): return self.helper()
    def inside(self):
        def g(): return traced_clock.target(self)
        return g()
def outer():
    t = traced_clock.target
    def g():
        def h(): return t(1)
        return h
    return g
def changed():
    t = traced_clock.target
    def g():
        nonlocal t
        t = len
    return t(1)
def passed(x): return sorted(x, key=traced_clock.target)
class Patched: t = len
def patched():
    Patched.t = traced_clock.target
    Patched.t(1)
def not_imported():
    import a_module_that_is_not_there as n
    n.target()
def methods(x): return [].append(x), "".join(x), f"{x}y".strip(), set().add(x)
"""


@pytest.fixture
def nested(target: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = module_of(tmp_path / "nested.py", NESTED)
    monkeypatch.setitem(sys.modules, "nested", module)
    return module


def test_closures_defaults_and_nested_functions(
    target: ModuleType, nested: ModuleType, bytecode_of: BytecodeOf
) -> None:
    assert target.target in bytecode_of(nested.closure()).calls
    assert target.target in bytecode_of(nested.closure)["f"].calls
    assert target.target in bytecode_of(nested.default).calls
    assert target.target in bytecode_of(nested.keyword).calls
    assert target.target in bytecode_of(nested.K.inside)["g"].calls
    assert target.target in bytecode_of(nested.K)["inside"]["g"].calls
    assert target.target in bytecode_of(nested.outer)["outer.<locals>.g.<locals>.h"].calls
    assert target.target in bytecode_of(nested.changed).calls
    assert target.target not in bytecode_of(nested.outer).calls
    module = bytecode_of(nested)
    assert target.target in module["default"].calls
    assert target.target in module["keyword"].calls
    assert target.other not in module["closure.<locals>.f"].calls


def test_a_tree_has_the_calls_of_all_in_it(
    target: ModuleType, nested: ModuleType, bytecode_of: BytecodeOf
) -> None:
    tree = bytecode_of(nested.outer).tree
    assert [call.text for call in tree.calls_to(target.target)] == ["t"]
    assert tree.calls_to(target.other) == []
    with pytest.raises(UndecidableCallError, match=r"self\.helper"):
        bytecode_of(nested.K).tree.calls_to(target.other)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("default", ["t"]),  # a caller may give another
        ("parameter", ["t"]),
        ("K.method", ["self.helper"]),
        ("changed", ["t"]),
        ("patched", ["Patched.t"]),
        ("not_imported", ["n.target"]),
    ],
)
def test_what_is_not_known_is_listed(
    name: str, calls: list[str], target: ModuleType, nested: ModuleType, bytecode_of: BytecodeOf
) -> None:
    function = nested.K.method if name == "K.method" else getattr(nested, name)
    code = bytecode_of(function)
    assert [call.text for call in code.unresolved_calls] == calls
    with pytest.raises(UndecidableCallError) as caught:
        assert target.other not in code.calls
    for call in code.unresolved_calls:
        assert f"\n  {call.text} (line {call.line})\n" in str(caught.value)
    assert "traced_clock.other" in str(caught.value) or "other" in str(caught.value)
    assert 'unresolved="ignore"' in str(caught.value)
    assert code.calls_to(target.other, unresolved="ignore") == []


def test_an_argument_may_be_called(
    target: ModuleType, nested: ModuleType, bytecode_of: BytecodeOf
) -> None:
    code = bytecode_of(nested.passed)
    with pytest.raises(UndecidableCallError, match=r"sorted .*whose argument it is"):
        assert target.target not in code.calls
    assert target.other not in code.calls
    assert sorted in code.calls


def test_methods_of_builtins(nested: ModuleType, bytecode_of: BytecodeOf) -> None:
    code = bytecode_of(nested.methods)
    for method in (list.append, str.join, str.strip, set.add, set):
        assert method in code.calls
    assert list.pop not in code.calls


def test_nothing_is_imported_and_no_code_runs(bytecode_of: BytecodeOf) -> None:
    class Loud:
        @property
        def attribute(self) -> object:
            raise AssertionError

        def __getattr__(self, name: str) -> object:
            raise AssertionError

    loud = Loud()

    class Lazy(ModuleType):
        def __getattribute__(self, name: str) -> object:
            raise AssertionError

    lazy = Lazy("lazy")

    def f() -> None:
        import a_module_that_is_not_there.inside as n

        n.target()
        loud.attribute()
        loud.other()
        lazy.other()

    before = {*sys.modules}
    assert len(bytecode_of(f).unresolved_calls) == 4
    assert {*sys.modules} == before


def test_sources_and_caches(target: ModuleType, bytecode_of: BytecodeOf) -> None:
    module = bytecode_of("import traced_clock as c\nt = c.target\ndef f(): t(1); len([])\n")
    assert target.target in module["f"].calls
    assert target.other not in module["f"].calls
    assert len in module["f"].calls
    starred = bytecode_of("from somewhere import *\ndef f(): len([])\n")
    with pytest.raises(UndecidableCallError):
        assert target.other not in starred["f"].calls
    changing = bytecode_of("def g():\n global len\n len = 1\ndef f(): len([])\n")
    with pytest.raises(UndecidableCallError):
        assert target.other not in changing["f"].calls


# --- By name ---------------------------------------------------------------------------------


def test_a_name_that_is_called_by_another(
    target: ModuleType, tmp_path: Path, bytecode_of: BytecodeOf
) -> None:
    source = "import traced_clock as clock\ndef f(x): return clock.target(x)\n"
    code = bytecode_of(module_of(tmp_path / "aliased.py", source).f)
    assert "clock.target" in code.calls
    with pytest.raises(AliasedCallError, match=r"traced_clock.target is called, as clock.target"):
        assert "traced_clock.target" not in code.calls
    assert "traced_clock.other" not in code.calls


@pytest.mark.parametrize(
    "name", ["tiem.time", "prnt", "os.pathh.join", "time.tiem", "sys.setprofil"]
)
def test_a_name_of_nothing_has_a_warning(name: str, bytecode_of: BytecodeOf) -> None:
    with pytest.warns(UnknownNameWarning, match=f"nothing here is called {name}") as caught:
        assert name not in bytecode_of(is_called).calls
    assert Path(caught[0].filename) == Path(__file__)


@pytest.mark.parametrize(
    "name", ["time.time", "print", "wanted.anything", "seen.pop", "xmlrpc.client.dumps", "Path"]
)
def test_a_name_of_something_has_none(name: str, bytecode_of: BytecodeOf) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert name not in bytecode_of(is_called).calls


#: The lines of a function, before it, and names: some of nothing, others of what may be there.
IMPORTED: Mapping[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "global": ("import os", "os.path.join(a)", ("os.path.jion", "os.pth.join"), ("os.path.split",)),
    "inside": ("", "import os; os.path.join(a)", ("os.path.jion",), ("os.path.split", "os.getcwd")),
    "inside as": ("", "import os.path as p; p.join(a)", ("p.jion", "os.path.jion"), ("p.split",)),
    "from inside": ("", "from os import path; path.join(a)", ("path.jion", "os.path.jion"), ("path.split",)),
    "name from inside": ("", "from os.path import join; join(a)", ("os.path.jion", "jion"), ("os.getcwd",)),
    "local alias": ("import os", "p = os.path; p.join(a)", ("p.jion",), ("p.split",)),
    "class": ("import pathlib", "pathlib.Path.home(a)", ("pathlib.Path.hmoe",), ("pathlib.Path.cwd",)),
    "class inside": ("", "from pathlib import Path; Path.home(a)", ("Path.hmoe",), ("Path.cwd", "Path.mro")),
    "object": ("class K: x = 1\nk = K()", "k.x(a)", ("k.y",), ("k.__init__",)),
    "set object": ("class K: x = 1\nk = K()", "k.y = a; k.x(a)", (), ("k.y",)),
    "submodule": ("import xml", "xml.dom(a)", ("xml.dmo.Node",), ("xml.dom.minidom.parse",)),
    "default": ("import os", "return (lambda p=os.path: p.join(a))", ("p.jion", "os.pth.x"), ("os.path.join",)),
    "parameter": ("import os", "a.path.join()", (), ("a.path.jion", "a.anything")),
    "dynamic class": ("class M(type):\n def __getattr__(s, n): pass\nclass K(metaclass=M): pass", "K.x(a)", (), ("K.y",)),
    "dynamic object": ("class K:\n def __getattr__(s, n): pass\nk = K()", "k.x(a)", (), ("k.y",)),
    "module's": ("import traced_dynamic as d", "d.x(a)", (), ("d.y",)),
}  # fmt: skip


@pytest.mark.parametrize(("before", "line", "wrong", "right"), IMPORTED.values(), ids=IMPORTED)
def test_an_attribute_that_nothing_has(
    before: str,
    line: str,
    wrong: tuple[str, ...],
    right: tuple[str, ...],
    tmp_path: Path,
    bytecode_of: BytecodeOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dynamic = module_of(tmp_path / "traced_dynamic.py", "def __getattr__(name): return name\n")
    monkeypatch.setitem(sys.modules, "traced_dynamic", dynamic)
    code = bytecode_of(module_of(tmp_path / "named.py", f"{before}\ndef f(a): {line}\n").f)
    for name in wrong:
        with pytest.warns(UnknownNameWarning, match=f"nothing here is called {name}$"):
            assert name not in code.calls
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not [name for name in right if name in code.calls]


def test_an_attribute_that_nothing_in_the_closure_has(bytecode_of: BytecodeOf) -> None:
    def outer() -> Callable[[], float]:
        import time as clock

        return lambda: clock.time() + 1

    with pytest.warns(UnknownNameWarning, match=r"nothing here is called clock\.tiem"):
        assert "clock.tiem" not in bytecode_of(outer()).calls
    with pytest.warns(UnknownNameWarning, match=r"nothing here is called clock\.tiem"):
        assert "clock.tiem" not in bytecode_of(outer).tree.calls


def test_of_a_wrapper_it_is_refused_by_object_too(bytecode_of: BytecodeOf) -> None:
    import functools

    def f() -> None:
        print()

    @functools.wraps(f)
    def g() -> None:
        repr(1)

    def refused(code: Bytecode) -> None:
        with pytest.raises(AmbiguousWrapperError):
            assert print not in code.calls

    refused(bytecode_of(g))
    assert repr in bytecode_of(g).calls
    assert print not in bytecode_of(g, wrapped=False).calls
