"""PYC004 to PYC008 and PYC505: what is wrong after a header; and when it is looked for."""

from __future__ import annotations

import marshal
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pycinspect.auditing import (
    Audit,
    CacheFile,
    Finding,
    Policy,
    Rule,
    Selection,
    Severity,
    readings,
)
from pycinspect.auditing.payload import CODE_LIMIT, Payload
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import PAYLOAD_LIMIT
from pycinspect.pyc import Code
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, row, timestamp
from tests.growth.writer import Writer
from tests.unit.test_xdis_plugin import pypy_cache

DEEP = ("PYC004", "PYC005", "PYC006", "PYC007", "PYC008", "PYC505")
HEADER = timestamp(RUNNING, MTIME, len(SOURCE))
STALE = timestamp(RUNNING, 1, 1)
#: What CPython 3.12.1 makes of ``name = 1``, and its ``code`` and constants.
NAME_312 = bytes.fromhex(
    "e30000000000000000000000000100000000000000f308000000970064005a0079012902e9010000004e2901da"
    "046e616d65a900f300000000fa063c73686f703efa083c6d6f64756c653e720700000001000000730a000000f0"
    "03010101d8070881047205000000"
)
CODE_312 = bytes.fromhex("970064005a007901")
ONE_312 = b"\xe9\1\0\0\0"
NAME_TEXT_312 = b"\xda\x04name"
FILENAME_312 = b"\xfa\x06<shop>"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def exchanged(old: bytes, new: bytes) -> bytes:
    assert NAME_312.count(old) == 1
    return NAME_312.replace(old, new)


def coded(hexadecimal: str) -> bytes:
    code = bytes.fromhex(hexadecimal)
    size = struct.pack("<i", len(CODE_312))
    return exchanged(size + CODE_312, struct.pack("<i", len(code)) + code)


def found(tree: Tree, payload: bytes, *, header: bytes | None = None) -> dict[str, Finding]:
    """Return what the deep rules find in one file of 3.12; its neighbour is well."""
    dialect = row("cpython-3.12")
    tree.source("bad.py")
    tree.source("good.py")
    tree.cache("good.py", dialect=dialect, payload=NAME_312)
    path = tree.cache("bad.py", header, dialect=dialect, payload=payload)
    findings = tree.audit(Policy(selection=Selection(DEEP), dialect=dialect))
    assert {finding.path for finding in findings} <= {os.fspath(path)}
    assert len({finding.rule for finding in findings}) == len(findings)
    return {finding.rule: finding for finding in findings}


def test_a_payload_that_is_well(tree: Tree) -> None:
    assert found(tree, NAME_312) == {}


@pytest.mark.parametrize(
    ("rule", "payload", "data"),
    [
        ("PYC004", NAME_312[:-1], {"exception": "EOFError", "slug": "truncated"}),
        ("PYC004", b"?" + NAME_312, {"exception": "ValueError", "offset": 16}),
        ("PYC004", b"0", {"exception": "TypeError", "slug": "null-object"}),
        ("PYC004", exchanged(FILENAME_312, b"\xf3\0\0\0\0"), {"exception": "SystemError"}),
        ("PYC004", b"\xa9\1r\0\0\0\0", {"exception": None, "slug": "self-reference"}),
        ("PYC005", marshal.dumps(7), {"exception": "ImportError"}),
        ("PYC006", NAME_312 + b"hidden", {"trailing": 6, "start": "68 69 64 64 65 6e"}),
        ("PYC007", exchanged(ONE_312, b"\xec\1\0\0\0\1\0"), {"count": 1}),
        ("PYC007", exchanged(NAME_TEXT_312, b"\xf4\4\0\0\0name"), {"count": 1}),
        ("PYC007", exchanged(ONE_312, b"\xbe\2\0\0\0z\1az\1a"), {"count": 1}),
        ("PYC007", exchanged(ONE_312, b"\xdb\1\0\0\0N"), {"count": 1}),
        ("PYC505", coded("9700 6409 5a00 7901"), {"qualname": "<module>", "offset": 2}),
        ("PYC505", coded("9700 5a00 5a00 7901"), {"offset": 2}),
        ("PYC505", coded("9700 6e09 6400 5a00 7901"), {"offset": 2}),
        ("PYC505", coded("9700 6400"), {}),
        ("PYC505", coded("ff00 6400 5a00 7901"), {"offset": 0}),
    ],
)
def test_defect_is_found_by_its_rule(
    tree: Tree, rule: str, payload: bytes, data: dict[str, object]
) -> None:
    findings = found(tree, payload)
    assert list(findings) == [rule]
    assert data.items() <= findings[rule].data.items()
    severity = Severity.ERROR if rule in ("PYC004", "PYC005") else Severity.SECURITY
    assert findings[rule].severity is severity


def test_several_places_are_counted_and_the_first_are_named(tree: Tree) -> None:
    many = b"l\1\0\0\0\1\0"
    (finding,) = found(tree, exchanged(ONE_312, b"\xa9\x09" + 9 * many)).values()
    assert finding.data["count"] == 9
    assert len(finding.data["places"]) == 5  # type: ignore[arg-type]
    assert finding.message.endswith("which fits 32 bits, and 8 more places")


@pytest.mark.parametrize(
    ("code", "count", "more"),
    [
        ("9700 6409 5a00 7901", 1, ""),
        ("9700 6409 5a09 7901", 2, ", and 1 more defect"),
        ("9700 6409 5a09 6509 5a09 7901", 4, ", and 3 more defects"),
    ],
)
def test_defects_of_bytecode_are_counted(tree: Tree, code: str, count: int, more: str) -> None:
    (finding,) = found(tree, coded(code)).values()
    assert (finding.rule, finding.data["count"]) == ("PYC505", count)
    assert len(finding.data["defects"]) == count  # type: ignore[arg-type]
    assert finding.message.split(": there is no such ")[1].endswith(f"constant{more}")


def test_a_stale_file_heals_but_is_no_less_odd(tree: Tree) -> None:
    header = timestamp(row("cpython-3.12"), 1, 1)
    assert found(tree, NAME_312[:-1], header=header) == {}
    assert list(found(tree, NAME_312 + b"x", header=header)) == ["PYC006"]
    assert list(found(tree, b"N", header=header)) == ["PYC005"]


def test_empty_payload_is_reported_once_and_without_decoding(tree: Tree) -> None:
    tree.source("bad.py")
    tree.cache("bad.py", payload=b"")
    for deep in (True, False, None):
        (finding,) = tree.findings("PYC004", Policy(deep=deep)).values()
        assert finding.message == (
            "nothing follows its header of 16 bytes: the import raises EOFError"
        )


def test_cut_at_every_byte(tree: Tree) -> None:
    whole = HEADER + PAYLOAD
    for size in range(len(whole) + 1):
        tree.source(f"cut{size:04}.py")
        tree.cache(f"cut{size:04}.py", whole[:size], payload=b"")
    findings = tree.audit(Policy(selection=Selection(("PYC0", "PYC5", "PYC9")), deep=True))
    rules = [
        [finding.rule for finding in findings if f"cut{size:04}" in finding.path]
        for size in range(len(whole) + 1)
    ]
    short = len(HEADER)
    assert rules == [["PYC001"]] * short + [["PYC004"]] * (len(whole) - short) + [[]]
    exceptions = {finding.data["exception"] for finding in findings if finding.rule == "PYC004"}
    assert exceptions <= {"EOFError", "ValueError"}


# --- Limits -----------------------------------------------------------------------------


def test_file_that_is_too_large_is_not_clean(tree: Tree) -> None:
    tree.source("bad.py")
    path = tree.cache("bad.py")
    os.truncate(path, PAYLOAD_LIMIT + 1)
    findings = tree.audit(Policy(selection=Selection(DEEP)))
    assert [finding.rule for finding in findings] == ["PYC008"]


def test_bomb_is_not_unfolded(tree: Tree) -> None:
    first, levels = 2, 60  # the module and its code come before
    bomb = b"\xa9\1N" + b"".join(
        b"\xa9\2" + 2 * (b"r" + struct.pack("<i", first + level)) for level in range(levels)
    )
    payload = exchanged(ONE_312, b")" + bytes((levels + 1,)) + bomb)
    assert list(found(tree, payload)) == ["PYC008"]


def test_code_that_is_too_long_is_not_clean(tree: Tree) -> None:
    nops = "0900" * (CODE_LIMIT // 2)
    findings = found(tree, coded(f"9700 {nops} 6400 5a00 7901"))
    assert list(findings) == ["PYC008"]
    assert "the instructions of <module>" in findings["PYC008"].message


def test_time_limit_ends_decoding(tree: Tree) -> None:
    for number in range(5):
        tree.module(f"m{number}.py")
    policy = Policy(selection=Selection(("PYC505", "PYC9")), deep=True, max_seconds=0)
    audit = Audit([tree.root], BUILT_IN, policy)
    assert [finding.rule for finding in audit] == ["PYC901"]
    summary = audit.summary
    assert not summary.complete
    assert (summary.decoded, summary.not_decoded) == (1, 5)


def test_opcodes_that_are_not_known_are_told(tree: Tree) -> None:
    pypy = row("pypy-3.2")
    tree.source("m.py")
    assert pypy.header is not None
    tree.cache("m.py", dialect=pypy, payload=pypy_cache(pypy.magic)[pypy.header.size :])
    findings = tree.audit(Policy(selection=Selection(("PYC505", "PYC9")), dialect=pypy, deep=True))
    assert [finding.rule for finding in findings] == ["PYC901"]
    assert "the opcodes of pypy-3.2" in findings[0].message
    assert tree.audit(Policy(selection=Selection(("PYC505",)), dialect=pypy, deep=True)) == []


def test_a_writer_that_is_not_known_is_told(tree: Tree) -> None:
    pypy = row("pypy-3.8")
    tree.source("m.py")
    tree.cache("m.py", dialect=pypy, payload=_code_of_pypy())
    findings = tree.audit(Policy(selection=Selection(("PYC007", "PYC9")), dialect=pypy, deep=True))
    assert [finding.rule for finding in findings] == ["PYC901"]
    assert "the encoding of 1 cache was not checked" in findings[0].message
    assert tree.audit(Policy(selection=Selection(("PYC007",)), dialect=pypy, deep=True)) == []


def test_what_was_not_checked_is_told_where_it_lies(tree: Tree) -> None:
    pypy = row("pypy-3.8")
    for name in ("a/b/m.py", "a/b/c/m.py", "a/d/m.py"):
        tree.source(name)
        tree.cache(name, dialect=pypy, payload=_code_of_pypy())
    (found,) = tree.audit(Policy(selection=Selection(("PYC007", "PYC9")), dialect=pypy, deep=True))
    assert Path(found.path) == tree.root / "a"
    assert "the encoding of 3 caches was not checked" in found.message


def test_a_member_that_is_not_checked_is_not_clean(tree: Tree) -> None:
    writer = Writer("cpython-3.12")
    text = b"z\1f"  # as it is written
    inner = writer.code(**dict.fromkeys(("name", "qualname", "filename"), text))
    inner = inner.replace(b"(\0\0\0\0", b")\0")
    (finding,) = found(tree, exchanged(ONE_312, writer.tuple((inner,), b"\xbe"))).values()
    assert finding.rule == "PYC007"
    assert finding.message.endswith("a member that no compiler puts into a set")


def test_what_is_shared_without_end_is_not_clean(tree: Tree) -> None:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.data(bytes(20_000)))
    codes = [writer.code(code=writer.reference()) for _ in range(100)]
    payload = writer.code(consts=writer.tuple((first, *codes)))
    findings = found(tree, payload)
    assert list(findings) == ["PYC008"]
    assert "share their instructions" in findings["PYC008"].message


def _code_of_pypy() -> bytes:
    empty = b")\0"
    numbers = struct.pack("<6i", 0, 0, 0, 0, 1, 64)
    text = b"z\1x"
    return (
        b"c" + numbers + b"s\4\0\0\0d\0S\0" + b")\1N" + 4 * empty + 2 * text
        + struct.pack("<i", 1) + b"s\0\0\0\0"
    )  # fmt: skip


# --- When payloads are decoded --------------------------------------------------------------

LARGE = marshal.dumps(compile(f"text = {'x' * (5 << 20)!r}", "<large>", "exec"))


def decoded(tree: Tree, policy: Policy, *paths: Path) -> tuple[int, int, set[str]]:
    audit = Audit(paths or [tree.root], BUILT_IN, policy)
    rules = {finding.rule for finding in audit}
    return audit.summary.decoded, audit.summary.not_decoded, rules & set(DEEP)


@pytest.fixture
def damaged(tree: Tree) -> Path:
    tree.source("bad.py")
    return tree.cache("bad.py", payload=PAYLOAD + b"hidden")


def test_small_tree_is_decoded(tree: Tree, damaged: Path) -> None:
    assert decoded(tree, Policy()) == (2, 0, {"PYC006"})


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), (0, 3, set())),
        (Policy(deep=True), (3, 0, {"PYC006"})),
        (Policy(selection=Selection(("PYC006",))), (3, 0, {"PYC006"})),
        (Policy(selection=Selection(("PYC00",))), (3, 0, {"PYC006"})),
        (Policy(selection=Selection(("PYC5",))), (3, 0, set())),
        (Policy(selection=Selection(("PYC", "PYC5"), ("PYC5",))), (0, 3, set())),
        (Policy(selection=Selection(("PYC0",), by_name=False)), (0, 3, set())),
        (Policy(selection=Selection(("PYC1",))), (0, 0, set())),
        (Policy(selection=Selection(("PYC1",)), deep=True), (0, 0, set())),
    ],
)
def test_large_tree_is_decoded_when_asked_for(
    tree: Tree, damaged: Path, policy: Policy, expected: tuple[int, int, set[str]]
) -> None:
    tree.source("large.py")
    tree.cache("large.py", payload=LARGE)
    assert decoded(tree, policy) == expected


def test_budget_is_that_of_all_trees_together(tree: Tree, damaged: Path, tmp_path: Path) -> None:
    other = Tree(tmp_path / "other")
    other.source("large.py")
    other.cache("large.py", payload=LARGE)
    assert decoded(tree, Policy(), tree.root, other.root) == (2, 2, {"PYC006"})


def test_small_files_are_not_remembered_without_end(tree: Tree) -> None:
    for number in range(4096):
        tree.file(f"__pycache__/m{number}.{RUNNING.cache_tag}.pyc", HEADER + PAYLOAD)
    assert decoded(tree, Policy())[:2] == (0, 4097)


def test_no_deep(tree: Tree, damaged: Path) -> None:
    assert decoded(tree, Policy(deep=False)) == (0, 2, set())


def test_file_is_decoded(tree: Tree, damaged: Path) -> None:
    assert decoded(tree, Policy(), damaged) == (1, 0, {"PYC006"})


def test_what_cannot_be_decoded_is_counted(tree: Tree) -> None:
    tree.module("short.py", HEADER[:3])
    tree.module("unknown.py", b"\1\2\r\n" + HEADER[4:])
    tree.cache("gone.py", timestamp(RUNNING, MTIME, 1, flags=8))
    audit = Audit([tree.root], BUILT_IN, Policy(deep=True))
    list(audit)
    summary = audit.summary
    assert (summary.files, summary.decoded, summary.undecodable) == (4, 1, 3)


def test_deep_findings_do_not_change(tree: Tree, damaged: Path) -> None:
    for number in range(40):
        tree.source(f"p{number:02}/bad.py")
        tree.cache(f"p{number:02}/bad.py", payload=PAYLOAD[:-number] or PAYLOAD)
    policy = Policy(deep=True)
    one, two = (tree.audit(policy) for _ in range(2))
    assert one == two == tree.audit(replace(policy, max_files=1000))
    assert len([finding for finding in one if finding.rule == "PYC004"]) == 39


# --- Rules of others -----------------------------------------------------------------------


class _Sees(Rule):
    """A rule like a plugin's."""

    id = "XYZ001"
    name = "sees"
    title = "Sees payloads"
    severity = Severity.INFO
    message = "{names}"

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        assert isinstance(payload.code, Code)
        assert not cache.directory.sources
        return self.of_cache(cache, names=payload.code.names)


class _Fails(_Sees):
    id = "XYZ002"

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        raise KeyError("oops")


def test_rules_of_others_see_payloads(tree: Tree) -> None:
    select = Selection(("XYZ001",))
    (finding,) = tree.audit(Policy(selection=select, deep=True), [*BUILT_IN, _Sees])
    assert finding.data == {"names": ("answer",)}


def test_rule_that_fails_is_a_finding(tree: Tree) -> None:
    select = Selection(("XYZ", "PYC9"))
    findings = tree.audit(Policy(selection=select, deep=True), [*BUILT_IN, _Fails, _Sees])
    assert sorted(finding.rule for finding in findings) == ["PYC902", "XYZ001"]


def test_payload_is_made_once_for_all_rules(tree: Tree) -> None:
    seen = []

    def rule(number: int) -> type[Rule]:
        def check(_self: Rule, _cache: CacheFile, payload: Payload) -> None:
            seen.append(payload)

        members: dict[str, str | Callable[..., None]] = {
            "id": f"XYZ{number}",
            "check_payload": check,
        }
        return type(f"_Rule{number}", (_Sees,), members)

    policy = Policy(selection=Selection(("XYZ",)), deep=True)
    tree.audit(policy, [rule(1), rule(2)])
    one, two = seen
    assert one is two
    assert one.defects is two.defects


# --- As whose code it can be read -----------------------------------------------------------------

FUZZ = Path(__file__).parents[2] / "fixtures" / "fuzz"


@pytest.mark.parametrize(
    ("written", "said", "rule"),
    [
        ("cpython-3.10", "cpython-3.9", "PYC505"),
        ("cpython-3.11", "cpython-3.12", "PYC505"),
        ("cpython-3.12", "cpython-3.10", "PYC004"),
    ],
)
def test_code_of_a_neighbour(tmp_path: Path, written: str, said: str, rule: str) -> None:
    data = (FUZZ / f"{written}-flow.pyc").read_bytes()
    tree = Tree(tmp_path / "tree")
    tree.source("bad.py")
    tree.cache("bad.py", dialect=row(said), payload=data[row(written).header.size :])
    (finding,) = tree.findings(rule).values()
    assert f"from offset 16 on it decodes without defects as {written}" in finding.message


def test_few_files_are_tried_as_those_of_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (FUZZ / "cpython-3.10-flow.pyc").read_bytes()
    monkeypatch.setattr(readings, "_BUDGET", len(data))
    tree = Tree(tmp_path / "tree")
    for name in "ab":
        tree.source(f"{name}.py")
        tree.cache(f"{name}.py", dialect=row("cpython-3.9"), payload=data[16:])
    messages = [finding.message for finding in tree.findings("PYC505").values()]
    assert ["without defects" in message for message in messages] == [True, False]
