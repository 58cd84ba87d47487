"""Facts and loops of code that any interpreter compiled, beside what ``ast`` says of the source."""

from __future__ import annotations

import ast
import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pycinspect.dialects import Dialect, find_dialect
from pycinspect.pyc import Code, unmarshal
from pytest_pycinspect.view.facts import Facts
from pytest_pycinspect.view.flow import graph_of
from pytest_pycinspect.view.loops import loops_of
from pytest_pycinspect.view.plain import Plain
from tests.oracles import Oracle
from tests.plugin.facts.source import facts_of, plain
from tests.plugin.facts.statements import Scope, scopes_of

__all__ = ["Checked", "compiled_by", "dialect_of", "lines_of_loops"]

_CHILD = Path(__file__).parents[2] / "differential" / "noise_child.py"


def dialect_of(oracle: Oracle) -> Dialect:
    """Return the row of an interpreter."""
    dialect = find_dialect(oracle.dialect)
    assert dialect is not None
    return dialect


def compiled_by(oracle: Oracle, sources: Sequence[str]) -> list[Code | None]:
    """Return what an interpreter compiles sources to, None where it does not compile."""
    request = {"sources": list(sources)}
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    answer = oracle.run(_CHILD, request, environment=environment, directories=[_CHILD.parent])
    assert isinstance(answer, list)
    return [None if one is None else _code(base64.b64decode(one), oracle) for one in answer]


def _code(payload: bytes, oracle: Oracle) -> Code:
    value, _ = unmarshal(payload, dialect_of(oracle))
    assert isinstance(value, Code)
    return value


def lines_of_loops(code: Code, dialect: Dialect) -> list[int]:
    """Return the first line of each loop."""
    lines = {step.offset: step.line for step in graph_of(code, dialect).steps}
    found = ([lines[offset] for offset in loop] for loop in loops_of(code, dialect))
    return [min(line for line in loop if line is not None) for loop in found]


@dataclass
class Checked:
    """What came of comparing code with its source.

    Args:
        scopes: functions, classes and modules that were compared.
        loops: in them, as the source has them.
        calls: likewise.
        plain: code objects whose instructions alone say something.
        plain_calls: those of which they say what is called.
        differences: a line for each.
    """

    scopes: int = 0
    loops: int = 0
    calls: int = 0
    plain: int = 0
    plain_calls: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, name: str, source: str, root: Code, dialect: Dialect) -> None:
        """Compare all code of one module with its source."""
        codes: dict[tuple[str, int], list[Code]] = {}
        for code in root.walk():
            line = 1 if code.name == "<module>" else code.firstlineno
            codes.setdefault((code.name, line), []).append(code)
        for scope in scopes_of(ast.parse(source)):
            found = codes.get((scope.name, scope.line), [])
            if len(found) == 1:  # else the compiler left it out, or two of a name are in a line
                place = f"{name}:{scope.line} {scope.name}"
                self.differences += (
                    f"{place}: {text}" for text in self._of(scope, *found, dialect)
                )

    def _of(self, scope: Scope, code: Code, dialect: Dialect) -> Iterator[str]:
        self.scopes += 1
        loops, lines = scope.loops(), lines_of_loops(code, dialect)
        self.loops += len(loops)
        pairs = zip(loops, lines, strict=False)
        if len(loops) != len(lines) or not all(one.first <= at <= one.last for one, at in pairs):
            yield f"loops {lines}, in the source {loops}"
        facts, wanted = Facts.of(code, dialect), facts_of(scope)
        self.calls += wanted.calls.total()
        calls = Counter(map(plain, facts.calls))
        if calls != wanted.calls:
            yield f"calls {calls - wanted.calls} too many, {wanted.calls - calls} missing"
        if set(facts.imports) != wanted.imports:
            yield f"imports {set(facts.imports) ^ wanted.imports}"
        if set(facts.attributes) != wanted.attributes:
            yield f"attributes {set(facts.attributes) ^ wanted.attributes}"
        yield from self._of_plain(Plain(code, dialect), facts)

    def _of_plain(self, plain: Plain, facts: Facts) -> Iterator[str]:
        """Compare what the instructions say with what the graph says."""
        self.plain += plain.globals is not None
        self.plain_calls += plain.calls is not None
        for name in ("globals", "attributes", "imports", "handlers"):
            found, all_of_them = getattr(plain, name), {*getattr(facts, name)}
            if found is not None and set(found) != all_of_them:
                yield f"instructions alone: {name} {set(found) ^ all_of_them}"
        dotted = {text for text in facts.calls if all(map(str.isidentifier, text.split(".")))}
        if plain.calls is not None and plain.calls != dotted:
            yield f"instructions alone: calls {plain.calls ^ dotted}"
