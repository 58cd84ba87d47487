"""Code in another shape has the same form: real functions, reshaped and then verified."""

from __future__ import annotations

import importlib
import importlib.util
import marshal
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from pycinspect.canonical import canonicalize
from pycinspect.disasm import Defect, verify
from pycinspect.pyc import Code, unmarshal
from tests.canonical.kit import RUNNING
from tests.canonical.reshape import SHAPES, reshaped

MODULES = [
    "argparse",
    "asyncio.tasks",
    "configparser",
    "contextlib",
    "dataclasses",
    "difflib",
    "enum",
    "functools",
    "heapq",
    "inspect",
    "json.decoder",
    "logging",
    "shutil",
    "socketserver",
    "tarfile",
    "traceback",
]
SAMPLE = 3


def functions(module: str) -> Iterator[CodeType]:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    waiting = [compile(Path(spec.origin).read_bytes(), "x", "exec", 0, True)]
    for code in waiting:  # it grows
        yield code
        waiting += [part for part in code.co_consts if isinstance(part, CodeType)]


def _has_order(code: CodeType) -> bool:
    """Return whether its functions have an order that does not come from their lines."""
    parts = [part for part in code.co_consts if isinstance(part, CodeType)]
    return len({part.co_firstlineno for part in parts}) < len(parts)


def read(code: CodeType) -> Code:
    root = unmarshal(marshal.dumps(code), RUNNING).value
    assert isinstance(root, Code)
    return root


def defects(code: CodeType) -> list[Defect]:
    """Return what is wrong, but for the line table: ``bytecode`` writes one that is too short."""
    return [found for found in verify(read(code), RUNNING) if found.slug != "bad-line-table"]


@cache
def sample(module: str) -> list[CodeType]:
    found = [c for c in functions(module) if len(c.co_code) > 300 and not _has_order(c)]
    return random.Random(module).sample(found, min(SAMPLE, len(found)))


def check(code: CodeType, shape: str, seed: int) -> bool:
    """Compare the forms; return whether the shape really is another."""
    changed = reshaped(code, shape, seed)
    assert defects(changed) == defects(code), (code, shape, seed)
    one, other = canonicalize(read(code), RUNNING), canonicalize(read(changed), RUNNING)
    assert one.problem is None
    assert one == other, (code.co_qualname, shape, seed)
    return changed.co_code != code.co_code


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("module", MODULES)
def test_the_form_is_that_of_any_shape(module, shape):
    changed = [check(code, shape, seed) for seed, code in enumerate(sample(module))]
    assert any(changed) or shape == "NOPs stripped"


#: Functions with loops, handlers, closures and generators; the changed code really runs.
CALLS = {
    "textwrap.dedent": ("  a\n    b\n",),
    "shlex.split": ("a 'b c' d",),
    "heapq.merge": ([1, 4, 7], [2, 3]),
    "json.decoder.py_scanstring": ('a\\n\\u00e4"', 0),
    "difflib.get_close_matches": ("appel", ["ape", "apple", "peach"]),
    "posixpath.commonpath": (["/a/b/c", "/a/b/d"],),
    "textwrap.wrap": ("some words to be wrapped", 9),
    "ast.literal_eval": ("{'a': [1, -2, (3,)]}",),
}


def results(function: FunctionType, args: tuple[object, ...]) -> object:
    found = function(*args)
    return list(found) if isinstance(found, Iterator) else found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CALLS)
def test_shapes_run_as_the_code_does(name, shape):
    module, _, attribute = name.rpartition(".")
    function = getattr(importlib.import_module(module), attribute)
    changed = FunctionType(
        reshaped(function.__code__, shape, len(shape)),
        function.__globals__,
        name,
        function.__defaults__,
        function.__closure__,
    )
    changed.__kwdefaults__ = function.__kwdefaults__
    assert results(changed, CALLS[name]) == results(function, CALLS[name])
