"""Code with so many paths that they must be joined."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pycinspect.canonical import Level
from tests.canonical.kit import digests, form_of
from tests.differential.noise import Units, differences, payloads, unit_forms
from tests.oracles import find_oracles

COUNTS = (5, 13, 40)


def conditions(count: int) -> list[str]:
    return [f"a{i} if c{i} else b{i}" for i in range(count)]


def _joined(count: int, template: str) -> str:
    return ", ".join(template.format(i) for i in range(count))


#: By what it is that many conditions are inside of.
BODIES = {
    "arguments": lambda n: f"return f({', '.join(conditions(n))})",
    "or": lambda n: f"return [{_joined(n, 'x{0} or y{0}')}, *z]",
    "and-or": lambda n: f"return f(*q, {_joined(n, 'k{0}=(x{0} and y{0}) or {0}')}, **r)",
    "dict": lambda n: f"return {{{_joined(n, '{0}: a{0} if c{0} else 1')}, **z}}",
    "set": lambda n: f"return {{{', '.join(conditions(n))}}}",
    "sum": lambda n: f"return {' + '.join(f'({part})' for part in conditions(n))}",
    "percent": lambda n: f"return {'%s ' * n!r} % ({', '.join(conditions(n))},)",
    "f-string": lambda n: "return f'" + "".join(f"{{({p})!r:>4}}" for p in conditions(n)) + "'",
    "lambda": lambda n: f"return f({_joined(n, '(lambda: {0}) if c < d < e else b')})",
    "comprehension": lambda n: f"return f({', '.join(conditions(n))}, [i for i in v if i or w])",
    "finally": lambda n: (
        f"try:\n        with m: return f({', '.join(conditions(n))})\n"
        f"    finally: g({', '.join(conditions(n))})"
    ),
}
VERSIONS = [f"3.{minor}" for minor in range(6, 14)]


def source(kind: str, count: int) -> str:
    return f"def h(self):\n    {BODIES[kind](count)}\n"


@pytest.fixture(scope="module", params=["native", "with pyodide"])
def forms(request: pytest.FixtureRequest) -> dict[str, list[Units]]:
    """Return the forms of all sources, by version."""
    texts = [source(kind, 9) for kind in BODIES]
    texts += [source("arguments", 5), source("lambda", 13), source("arguments", 40)]
    found = {}
    for version, name in _oracles(request.param):
        made = payloads(version, texts, None)
        dialect = find_oracles()[name].dialect
        found[version] = [unit_forms(payload, dialect) for payload in made if payload]
    return found


def _oracles(kind: str) -> list[tuple[str, str]]:
    names = [(version, f"cpython-{version}") for version in VERSIONS]
    names.append(("pypy3.9", "pypy-3.9"))
    if kind == "with pyodide":
        names += [("3.14", "pyodide-3.14"), ("3.15", "pyodide-3.15")]
    return [(version, name) for version, name in names if name in find_oracles()]


def test_all_versions_join_paths_at_the_same_places(forms):
    for one, other in pairwise(forms):
        for ours, theirs in zip(forms[one], forms[other], strict=True):
            assert [*differences(ours, theirs)] == [], (one, other)


def test_nothing_is_refused(forms):
    problems = {
        u.problem for sources in forms.values() for units in sources for u in units.values()
    }
    assert problems <= {None}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(
    ("changed", "to"), [("a2", "z"), ("b0", "z"), ("c3", "z"), ("a1 if c1", "a1 if not c1")]
)
def test_a_change_in_one_arm_shows(count, changed, to):
    text = source("arguments", count)
    assert digests(text.replace(changed, to, 1)) != digests(text)


def test_swapped_arguments_show():
    one, *rest, last = conditions(20)
    swapped = f"def h(self):\n    return f({', '.join([last, *rest, one])})\n"
    assert digests(swapped) != digests(source("arguments", 20))


def test_few_paths_are_not_joined():
    texts = [statement.text for statement in form_of(source("arguments", 3)).statements]
    assert not any("held" in text for text in texts)


@pytest.mark.parametrize("level", [Level.STRICT, Level.SEMANTIC, Level.STRUCTURAL])
def test_the_form_grows_as_the_source_does(level):
    sizes = [len(form_of(source("arguments", n), level).graph) for n in (20, 40)]
    assert sizes[1] < 3 * sizes[0]
