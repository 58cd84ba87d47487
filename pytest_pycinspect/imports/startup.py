"""What an import loads, seen in a process of its own; and what a module says that it imports.

What was not seen is never "not imported": a name that is loaded anyway, that is not there, or
that something may load later is refused.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import SOURCE_SUFFIXES
from importlib.util import resolve_name
from typing import NamedTuple, overload

import pytest

from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.errors import PycInspectError
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.sandbox.agreement import exception_text
from pytest_pycinspect.sandbox.children import Answer, Children
from pytest_pycinspect.sandbox.settings import ISOLATION, clean_environment
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["Imports", "ImportsAtStartup", "StartupImports"]

#: Before what our code prints in the child, among what the module prints.
_MARK = "pycinspect-imports:"
_START = f"""\
import sys
sys.path[:] = {{path!r}}
print({_MARK!r} + repr(sorted(sys.modules)), flush=True)
import {{module}}
import _thread
print({_MARK!r} + repr(_thread._count()), flush=True)
"""
_FIND = f"""\
import sys
sys.path[:] = {{path!r}}
import importlib.util
try:
    spec = importlib.util.find_spec({{module!r}})
except (ImportError, ValueError):
    spec = None
found = spec and (str(spec.origin), spec.submodule_search_locations is not None)
print({_MARK!r} + repr(found), flush=True)
"""
#: What imports names that are not in the code.
_DYNAMIC = frozenset({"__import__", "import_module", "exec", "eval", "run_module", "run_path"})


class FoundModule(NamedTuple):
    """Where a module is.

    Args:
        origin: its file, or a word for another place.
        is_package: whether modules can be in it.
    """

    origin: str
    is_package: bool

    @property
    def is_source(self) -> bool:
        """Whether it has a body that is seen when it runs."""
        return self.origin.endswith(tuple(SOURCE_SUFFIXES))


@dataclass(frozen=True)
class _ImportingChild:
    """Imports in new processes of the running interpreter, with the path of this one.

    Args:
        children: starts them.
        flags: the interpreter's options.
        found: what is known of modules.
    """

    children: Children
    flags: tuple[str, ...]
    found: dict[str, FoundModule | None] = field(default_factory=dict)

    def run(self, code: str, module: str) -> tuple[Answer, list[object]]:
        """Return what came of code, and what it printed for us."""
        text = code.format(path=sys.path, module=module)
        interpreter = self.children.interpreter(None)
        variables = clean_environment({})
        answer = self.children.observe(text, os.getcwd(), interpreter, self.flags, variables)
        lines = (line.partition(_MARK)[2] for line in answer.stdout.splitlines() if _MARK in line)
        return answer, [ast.literal_eval(line) for line in lines]

    def find(self, module: str) -> FoundModule | None:
        """Return where a module is, None where it is not there."""
        if module not in self.found:
            _, printed = self.run(_FIND, module)
            place = printed[0] if printed else None
            self.found[module] = FoundModule(*place) if isinstance(place, tuple) else None
        return self.found[module]


class ImportsAtStartup:
    """What the fixture ``imports_at_startup`` is.

    Args:
        children: starts the processes.
        bytecode_of: the fixture.
    """

    def __init__(self, children: Children, bytecode_of: BytecodeOf) -> None:
        self._children = children
        self._bytecode_of = bytecode_of

    @classmethod
    def for_item(cls, item: pytest.Item, factory: pytest.TempPathFactory) -> ImportsAtStartup:
        """Return the fixture's value for a test."""
        seconds = float(item.config.getini("pycinspect_subprocess_timeout"))
        place = str(factory.mktemp("imports"))
        return cls(Children(seconds, place), BytecodeOf.for_item(item))

    def __call__(self, module: str, *, site: bool = False) -> StartupImports:
        """Return what importing a module loads in a process of its own.

        The process has the path of this one, and is told nothing else.

        Args:
            module: its name.
            site: whether the process begins as Python usually does, with what ``.pth`` files
                of installed packages load. Without it more can be seen.

        Raises:
            PycInspectError: ``not-a-module`` for what is not a name; ``not-observed`` where the
                process died; ``child-timeout``.
        """
        if not all(part.isidentifier() for part in module.split(".")):
            raise PycInspectError("not-a-module", f"{module!r} is not the name of a module")
        flags = (*(() if site else ISOLATION), *["-B"] * sys.dont_write_bytecode)
        child = _ImportingChild(self._children, (*flags, *["-O"] * sys.flags.optimize))
        answer, printed = child.run(_START, module)
        if answer.report is None or not printed:
            message = f"the process that imported {module} ended with {answer.returncode}"
            raise PycInspectError("not-observed", message)
        report = answer.report
        threads = printed[1] if len(printed) > 1 else 0
        # What was taken out again, too; other bodies are those of exec.
        gone = (name for name in report["bodies"] if name in report["asked"])
        before = printed[0]
        assert isinstance(before, list)
        return StartupImports(
            module,
            tuple(dict.fromkeys([*report["imported"], *gone])),
            frozenset(before),
            frozenset(report["asked"]),
            exception_text(report["raised"]),
            threads if isinstance(threads, int) else 0,
            child,
            self._bytecode_of,
        )


@dataclass(frozen=True, repr=False, eq=False)
class Imports(Sequence[str]):
    """Names of modules. One that is not among them was looked for, or the check is refused.

    Args:
        names: the names.
        check: raises where that a name is not there says nothing.
    """

    names: tuple[str, ...]
    check: Callable[[str], None]

    def __contains__(self, name: object) -> bool:
        """Return whether a module is among them.

        Raises:
            VacuousCheckError: nobody can say that it is not.
        """
        if name in self.names:
            return True
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is not the name of a module")
        self.check(name)
        return False

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        """Return a name, or some."""
        return self.names[index]

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return repr(list(self.names))


@dataclass(frozen=True, repr=False, eq=False)
class StartupImports:
    """What importing a module loads, and what it says that it imports.

    Args:
        module: its name.
        names: the modules that were loaded, in the order in which that was done.
        before: those that were there before.
        asked: those that were looked for.
        raised: what the import raised, None where it did not.
        threads: how many threads still ran at its end.
        child: imports and finds modules.
        bytecode_of: the fixture.
    """

    module: str
    names: tuple[str, ...]
    before: frozenset[str]
    asked: frozenset[str]
    raised: str | None
    threads: int
    child: _ImportingChild
    bytecode_of: BytecodeOf

    def __repr__(self) -> str:
        ended = "" if self.raised is None else f", and raised {self.raised}"
        return f"<import {self.module} loaded {len(self.names)} modules{ended}>"

    def __contains__(self, name: object) -> bool:
        """Return whether a module was loaded; see :attr:`loaded`."""
        return name in self.loaded

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def loaded(self) -> Imports:
        """The modules that the import loaded, in the order in which that was done."""
        return Imports(self.names, self._check_observed)

    @cached_property
    def static(self) -> Imports:
        """The modules that ``import`` statements outside of functions name, relative ones too.

        Those in branches that are not taken are among them; what functions import that the
        module calls is not.

        Raises:
            PycInspectError: ``no-source`` where the module has no source.
        """
        found = self.child.find(self.module)
        if found is None or not found.is_source:
            raise PycInspectError("no-source", f"module {self.module} has no source")
        package = self.module if found.is_package else self.module.rpartition(".")[0]
        parts = [*_at_import(self.bytecode_of(found.origin))]
        named = (name for part in parts for name in _named(part, package))
        names = (above for name in named for above in _with_packages(name))
        dynamic = sorted({name for part in parts for name in part.code.names} & _DYNAMIC)

        def check(name: str) -> None:
            if dynamic:
                message = f"{self.module} also uses {', '.join(dynamic)}"
                raise VacuousCheckError(f"{message}: whether it imports {name} it does not say")
            self._check_known(name)

        return Imports(tuple(dict.fromkeys(names)), check)

    def _check_observed(self, name: str) -> None:
        """Refuse a name of which it was not seen whether it is imported."""
        why = None
        if self.raised is not None:
            why = f"the import ended with {self.raised}"
        elif name in self.before:
            why = "it is loaded before, whatever is imported"
        elif self.threads:
            why = f"{self.threads} threads that it started still run"
        if why is not None:
            raise VacuousCheckError(f"whether {self.module} imports {name} was not seen: {why}")
        found = self._check_known(name)
        if name in self.asked and not found.is_source:
            why = "it was looked for, and has no Python code that could be seen to run"
            raise VacuousCheckError(f"whether {self.module} imports {name} was not seen: {why}")

    def _check_known(self, name: str) -> FoundModule:
        """Return where a module is; refuse the name of none."""
        found = self.child.find(name)
        if found is None:
            asked = f"; {self.module} looked for it" if name in self.asked else ""
            raise VacuousCheckError(
                f"there is no module {name} here, so it cannot be loaded{asked}"
            )
        return found


def _at_import(code: Bytecode) -> Iterator[Bytecode]:
    """Yield the body of a module, and those of classes in it, which run with it."""
    yield code
    for part in code.children:
        if not part.code.flags & CodeFlag.OPTIMIZED:
            yield from _at_import(part)


def _named(code: Bytecode, package: str) -> Iterator[str]:
    """Yield the modules that import statements name, and what ``from`` takes from them."""
    for index, instr in enumerate(code):
        if instr.opname != "IMPORT_NAME":
            continue
        level, names = (code[index - back].operand for back in (2, 1))
        relative = f"{'.' * level}{instr.operand}" if isinstance(level, int) else str(instr.operand)
        try:
            module = resolve_name(relative, package)
        except ImportError:  # beyond the package: such an import fails
            continue
        yield module
        if isinstance(names, tuple):
            yield from (f"{module}.{name}" for name in names if name != "*")


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:size]) for size in range(1, len(parts) + 1))
