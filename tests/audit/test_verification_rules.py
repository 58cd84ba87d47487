"""Rules that compare caches with their sources: each finds its rung, and nothing else."""

from __future__ import annotations

import marshal
import os
import re
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from pycinspect.auditing import PROFILES, Audit, Policy, Selection, Settings, Severity
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.dialects import DIALECTS
from pycinspect.report.answer import answer
from pycinspect.report.base import ReportContext
from pycinspect.report.mismatch import listing_lines
from pycinspect.report.text import TextReporter
from pycinspect.verifying import Rung
from pycinspect.verifying.verifier import verify_source
from tests.audit.kit import MTIME, RUNNING, Tree, timestamp, unchecked

SOURCE = b'''"""Prices."""
import sys

def price(cart, tax=0.19):
    """Add them up."""
    assert cart, "empty"
    total = 0
    for item in cart:
        total += item * 3
    return total + tax
'''
RULES = ("PYC306", "PYC501", "PYC502", "PYC503", "PYC513")
VERIFY = Policy(verify=True, selection=Selection(RULES))


def _code(level: int = 0) -> CodeType:
    code: CodeType = compile(SOURCE, "shop.py", "exec", dont_inherit=True, optimize=level)
    return code


def _inner(**changes: object) -> bytes:
    """Return a payload in which ``price`` has other fields."""
    root = _code()
    consts = tuple(
        part.replace(**changes) if isinstance(part, CodeType) else part  # type: ignore[arg-type]
        for part in root.co_consts
    )
    return marshal.dumps(root.replace(co_consts=consts))


def _price() -> CodeType:
    return next(part for part in _code().co_consts if isinstance(part, CodeType))


@pytest.fixture
def shop(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "tree")
    tree.source("shop.py", SOURCE)
    return tree


def _add(shop: Tree, payload: bytes, level: int | str = "") -> None:
    header = timestamp(RUNNING, MTIME, len(SOURCE))
    shop.cache("shop.py", header, payload=payload, level=level)


def _found(shop: Tree, policy: Policy = VERIFY) -> dict[str, str]:
    """Return what is said of the shop's caches, by rule."""
    run = [f for f in shop.audit(policy) if "shop" in f.path]
    assert len(run) == len({finding.rule for finding in run})
    return {finding.rule: finding.message for finding in run}


CACHE = f"__pycache__/shop.{RUNNING.cache_tag}.pyc"
PRICE = _price()
CONSTS = tuple(4 if value == 3 else value for value in PRICE.co_consts)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (marshal.dumps(_code()), {}),
        (_inner(co_consts=CONSTS), {"PYC501": "price: constants"}),
        (_inner(co_names=("print",) * len(PRICE.co_names), co_flags=0x23), {"PYC501": "flags"}),
        (_inner(co_stacksize=PRICE.co_stacksize + 1), {"PYC501": "stack size"}),
        (_inner(co_firstlineno=2), {"PYC502": "price: first line 2, not 4"}),
        (_inner(co_linetable=PRICE.co_linetable[:-4]), {"PYC502": "line table"}),
        (_inner(co_filename="other.py"), {"PYC502": "file name"}),
        (marshal.dumps(_code(1)), {"PYC306": "compiled with -O, and"}),
        (marshal.dumps(_code(2)), {"PYC306": "compiled with -OO, and"}),
        (marshal.dumps(compile(b"", "shop.py", "exec")), {"PYC501": "4 more"}),
    ],
)
def test_each_rung_has_its_rule(shop: Tree, payload: bytes, expected: dict[str, str]) -> None:
    _add(shop, payload)
    found = _found(shop)
    assert found.keys() == expected.keys()
    for rule, words in expected.items():
        assert words in found[rule]


FORGED = SOURCE.replace(b"item * 3", b"item * 4").replace(
    b"return total", b"print(cart)\n    return total"
)


def _forged() -> bytes:
    return marshal.dumps(compile(FORGED, "shop.py", "exec", dont_inherit=True))


def test_a_mismatch_has_the_statements_that_differ(shop: Tree) -> None:
    _add(shop, _forged())
    (found,) = [f for f in shop.audit(VERIFY) if "shop" in f.path]
    changes: Any = found.data["changes"]
    (multiplied, printed) = changes
    assert multiplied["qualname"] == printed["qualname"] == "price"
    assert "item * 3" in multiplied["source"][0]
    assert "item * 4" in multiplied["cache"][0]
    assert (multiplied["source_lines"], printed["source"]) == ([9], [])
    assert "print(cart)" in printed["cache"][0]


@pytest.mark.parametrize("verbose", [0, 1])
def test_people_see_them_in_the_diff_s_listing(shop: Tree, verbose: int) -> None:
    _add(shop, _forged())
    out = StringIO()
    reporter = TextReporter(out, ReportContext({r.id: r for r in BUILT_IN}, "1", verbose))
    run = Audit([shop.root], BUILT_IN, VERIFY)
    for finding in run:
        reporter.finding(finding)
    reporter.close(run.summary)
    text = out.getvalue()
    assert "    price: - the source, + the cache\n" in text
    assert re.search(r"^ +9 +- total \+= item \* 3", text, re.MULTILINE)
    assert re.search(r"^ +9 +\+ total \+= item \* 4", text, re.MULTILINE)
    assert re.search(r"^ +10 +\+ .*print\(cart\)", text, re.MULTILINE)


def test_a_long_listing_is_cut_and_says_so() -> None:
    row = {"qualname": "f", "source": [], "cache": ["x"], "source_lines": [], "cache_lines": [1]}
    few, many = ([dict(row) for _ in range(count)] for count in (3, 40))
    assert len(list(listing_lines({"changes": few}, whole=False))) == 4
    cut = list(listing_lines({"changes": many}, whole=False))
    assert "-v shows all" in cut[-1][0][0]
    assert len(cut) < len(list(listing_lines({"changes": many}, whole=True))) == 41
    assert list(listing_lines({}, whole=True)) == []


@pytest.mark.parametrize(("level", "name"), [(1, "-O"), (2, "-OO")])
def test_a_level_is_that_of_the_name(shop: Tree, level: int, name: str) -> None:
    _add(shop, marshal.dumps(_code(level)), level)
    assert _found(shop) == {}
    _add(shop, marshal.dumps(_code(0)), level)
    assert "compiled with no -O" in _found(shop)["PYC306"]


@pytest.mark.parametrize(
    ("source_ns", "cache_ns", "expected"),
    [
        (700, 200, "PYC105"),  # changed after the cache was written, in the same second
        (200, 700, "PYC501"),  # the cache is younger, as every cache is that was made from it
        (200, 200, "PYC501"),  # a clock of whole seconds says nothing
        (200, -300, "PYC501"),  # a second before: its header would not fit
    ],
)
def test_an_edit_within_one_second_is_told_as_such(
    shop: Tree, source_ns: int, cache_ns: int, expected: str
) -> None:
    _add(shop, _inner(co_consts=CONSTS))
    for path, milliseconds in (("shop.py", source_ns), (CACHE, cache_ns)):
        times = MTIME * 10**9 + milliseconds * 10**6
        os.utime(shop.root / path, ns=(times, times))
    found = _found(shop, replace(VERIFY, selection=Selection((*RULES, "PYC105"))))
    assert list(found) == [expected]
    assert "price: constants" in found[expected]
    assert list(_found(shop)) == ["PYC501"]  # where PYC105 does not run, nothing is lost
    _add(shop, marshal.dumps(_code()))
    os.utime(shop.root / CACHE, ns=(MTIME * 10**9,) * 2)
    assert _found(shop) == {}


def test_nothing_is_compared_unless_it_is_asked_for(shop: Tree) -> None:
    _add(shop, _inner(co_consts=CONSTS))
    assert _found(shop, replace(VERIFY, verify=False)) == {}
    assert _found(shop, replace(VERIFY, verify=False, deep=True)) == {}


def test_an_unchecked_cache_of_another_source_is_found(shop: Tree) -> None:
    shop.cache(
        "shop.py", unchecked(RUNNING, b"12345678"), payload=marshal.dumps(compile("1", "", "exec"))
    )
    assert "PYC501" in _found(shop)


def test_a_stale_cache_says_nothing_of_its_source(shop: Tree) -> None:
    shop.cache("shop.py", timestamp(RUNNING, MTIME - 1, 1), payload=_inner(co_consts=CONSTS))
    assert _found(shop) == {}
    run = Audit([shop.root], BUILT_IN, VERIFY)
    list(run)
    assert run.summary.verified.total() == 1  # clean.py
    assert run.summary.files == 2


def test_what_could_not_be_compared_is_said(shop: Tree) -> None:
    header = timestamp(RUNNING, MTIME, len(SOURCE))
    shop.file("shop2.pyc", header + marshal.dumps(_code()))
    assert _found(shop) == {"PYC503": "was not compared: its source is not there"}


def test_a_source_that_does_not_compile_is_said(shop: Tree) -> None:
    shop.source("shop.py", b"def:\n")
    shop.cache("shop.py", timestamp(RUNNING, MTIME, 5), payload=marshal.dumps(_code()))
    assert "its source does not compile: SyntaxError" in _found(shop)["PYC503"]


def test_code_that_nobody_here_reads_is_not_called_compared(shop: Tree) -> None:
    """An import by that interpreter takes it; of its bytecode nothing is known."""
    row = DIALECTS["graalpy-25.0"]
    header = timestamp(row, MTIME, len(SOURCE))
    shop.cache("shop.py", header, dialect=row, payload=b"?")
    run = Audit([shop.root], BUILT_IN, VERIFY)
    told = {finding.rule: finding.message for finding in run if "shop" in finding.path}
    assert run.summary.states["fresh"] == 2
    assert told == {"PYC503": "was not compared: its code was not read"}


def test_columns_that_are_left_out_are_no_finding(shop: Tree) -> None:
    script = f"import py_compile; py_compile.compile({str(shop.root / 'shop.py')!r}, doraise=True)"
    subprocess.run([sys.executable, "-X", "no_debug_ranges", "-c", script], check=True)
    assert _found(shop) == {}


def test_the_security_profile_compares_and_fails_closed() -> None:
    profile = PROFILES["security"]
    assert profile.verify
    assert profile.fail_on is Severity.INFO
    assert not PROFILES["default"].verify


def _answer(shop: Tree, **asked: Any) -> tuple[str, list[str]]:
    """Return the first line of a report by the profile, and what fails."""
    settings = Settings(profile="security", **asked)
    run = Audit([shop.root], BUILT_IN, settings.policy(DIALECTS))
    rules = [finding.rule for finding in run]
    return answer(run.summary), rules


@pytest.fixture
def sound(tmp_path: Path) -> Tree:
    """A tree in which a cache is what its source says."""
    tree = Tree(tmp_path / "tree")
    code = compile(tree.root.joinpath("clean.py").read_bytes(), "clean.py", "exec", 0, True)
    tree.cache("clean.py", payload=marshal.dumps(code))
    return tree


_ALL = "The cache is what its source says; the cache is fresh."
_MISSING = {
    "ignore": (("PYC505",), "Not looked at: the structure of code."),
    "verify": (False, "Not looked at: whether code is what its source says."),
    "deep": (False, "Not looked at: whether code is what its source says, the code of 1 cache."),
    "select": (
        ("PYC6",),
        (
            "Not looked at: headers, payloads, the structure of code, whether code is what its source says, "
            "what installers recorded."
        ),
    ),
}


@pytest.mark.skipif(os.name != "posix", reason="permissions are not looked at elsewhere")
def test_the_security_profile_says_what_it_has_not_looked_at(sound: Tree) -> None:
    assert _answer(sound) == (_ALL, [])
    for setting, (value, words) in _MISSING.items():
        said, rules = _answer(sound, **{setting: value})
        assert said.endswith(f" {words}")
        assert rules == ["PYC901"]


def test_code_of_a_format_that_nobody_reads_is_not_passed_over(sound: Tree) -> None:
    row = DIALECTS["graalpy-25.0"]
    sound.cache("clean.py", timestamp(row, MTIME - 5, 1), dialect=row, payload=b"?")
    said, rules = _answer(sound)
    assert said.endswith(" Not looked at: the code of 1 cache.")
    assert "PYC901" in rules


def test_other_profiles_ask_less() -> None:
    assert [name for name, profile in PROFILES.items() if profile.fails_closed] == ["security"]


def test_a_part_with_a_path_of_its_own_is_found_without_a_source(shop: Tree) -> None:
    policy = Policy(deep=True, selection=Selection(("PYC403",)))
    _add(shop, marshal.dumps(_code()))
    assert _found(shop, policy) == {}
    _add(shop, _inner(co_filename="other.py"))
    message = "price says that it comes from other.py, and the module from shop.py"
    assert _found(shop, policy) == {"PYC403": message}


def test_what_a_tool_has_changed_is_said_to_be_so(shop: Tree) -> None:
    header = timestamp(RUNNING, MTIME, len(SOURCE))
    name = f"__pycache__/shop.{RUNNING.cache_tag}-pytest-9.2.0.pyc"
    path = shop.file(name, header + _inner(co_consts=CONSTS))
    assert _found(shop) == {"PYC503": "was not compared: pytest 9.2.0 has changed the code"}
    assert verify_source(path).rung is Rung.TRANSFORMED
