"""What a hostile program is, and the modules that all of them import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_pycinspect import Pycache

__all__ = [
    "ALL",
    "EVERY",
    "MODULES",
    "NONE",
    "SPEC",
    "THREAD",
    "Program",
    "T",
    "only",
    "prepare",
    "text",
]

T = 1_700_000_000
#: What the cache of each module is before: fresh, of an older source, of another source that looks
#: the same, of another Python; and none.
MODULES = ("fresh", "old", "liar", "bad", "new")
ALL = "import fresh, old, liar, bad, new\n"
EVERY = frozenset(MODULES)
NONE: frozenset[str] = frozenset()


def text(name: str, letter: str = "A") -> str:
    """Return a source that has its marker as a constant; all letters give the same size."""
    return f"value = '<{name}:{letter}>'\n"


def prepare(project: Pycache) -> None:
    """Write the modules, with their caches."""
    for name in MODULES:
        project.write(name, text(name), mtime=T)
    for name in MODULES[:-1]:
        project.compile(name)
    project.touch("old", "+5s")
    project.edit("liar", text("liar", "B"), keep_mtime=True)
    project.corrupt("bad", magic="3.8")


@dataclass(frozen=True, slots=True)
class Program:
    """One program.

    Args:
        name: what it does.
        code: its text.
        unseen: modules of which the sandbox says that it did not observe them; all others are observed.
        maybe: modules of which it depends on the Python whether they are.
        compiled: modules that the program itself compiles, and writes the caches of.
        imported: modules that are imported at all.
        before: what is done to the project.
        flags: of the interpreter.
        since: of the first Python on which it can be run.
    """

    name: str
    code: str
    unseen: frozenset[str] = NONE
    maybe: frozenset[str] = NONE
    compiled: frozenset[str] = NONE
    imported: frozenset[str] = EVERY
    before: Callable[[Pycache], object] = lambda project: None
    flags: Sequence[str] = ()
    since: tuple[int, int] = (3, 11)
    env: Mapping[str, str] = field(default_factory=dict)


def only(*names: str) -> frozenset[str]:
    return frozenset(names)


SPEC = """
import importlib.util as u
def load(name, path):
    spec = u.spec_from_file_location(name, path)
    module = u.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
"""
THREAD = """
import threading
def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
def all_of_them():
    import fresh, old, liar, bad, new
"""
