"""What a failure of a relation or a count shows: both sides, and what is nearest."""

from __future__ import annotations

import json
import re
from textwrap import dedent

import pytest

from pytest_pycinspect import bytecode_of

SOURCE = """
    def old(values):
        found = []
        for value in values:
            if value is not None:
                found.append(value)
        return found

    def new(items):
        kept = []
        for item in items:
            if item is None:
                kept.append(item)
        return kept

    def outer(a):
        def inner(b):
            return a + b
        return inner

    def other(a):
        def inner(b):
            return a - b
        return inner

    def keywords(a, *, b=1):
        return a

    def defaults(a, b=1):
        return a

    def seven():
        return x

    async def waits(task):
        return await task
"""


def old(values):
    return values[0]


def run(pytester: pytest.Pytester, check: str, *options: str) -> tuple[str, str]:
    """Return the message and the section of a check that fails."""
    pytester.makepyfile(app=dedent(SOURCE), test_app=f"""
        from app import *

        def test_it(bytecode_of):
            assert {check}
    """)  # fmt: skip
    pytester.syspathinsert()
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider", *options)
    result.assert_outcomes(failed=1)
    output = result.stdout.str()
    message = "\n".join(line[1:].strip() for line in output.splitlines() if line[:2] == "E ")
    _, _, section = re.split(r"^-+ (bytecode [^-]+) -+$", output, maxsplit=1, flags=re.MULTILINE)
    return message, section


@pytest.mark.parametrize(
    ("check", "lines"),
    [
        ("bytecode_of(new).same_as(old)", [
            "expected   STORE_FAST  found",
            "found      STORE_FAST  kept",
            "!   2  STORE_FAST found         not met; @1: STORE_FAST kept",
            "    !    1  STORE_FAST         kept",
            "Compared with old, app.py:1",
            "         8  IS_OP              is not",
        ]),
        ("bytecode_of(new).same_shape(old)", [
            "found      IS_OP  is",
            "!  10  IS_OP is not             not met; @8: IS_OP is",
            "    !    8  IS_OP              is",
            "         8  IS_OP              is not",
        ]),
        ("bytecode_of(outer).raw.same_as(other)", [
            "outer.<locals>.inner, app.py:16",
            "!   3  BINARY_OP -   not met; @2: BINARY_OP +",
            "Compared with other.<locals>.inner, app.py:21",
        ]),
        ("bytecode_of(keywords).same_as(defaults)", [
            "    1  LOAD_FAST a   matched @0",
            "Compared with defaults, app.py:28",
        ]),
        ("not bytecode_of(new).same_as(new)", ["Compared with new, app.py:8"]),
        ("bytecode_of(old).contains_code('found.insert(value)')", [
            "!   2  LOAD_ATTR insert  not met; @11: LOAD_ATTR append",
            "                  ^^^^^^^^^^^^",
            "    !   11  LOAD_ATTR          append",
        ]),
        ("bytecode_of(old).contains_code('for value in values:\\n    found.append(1)')", [
            "5 of 11 lines met; nearest @10: LOAD_FAST found",
            "    1  LOAD_FAST values  matched @2",
        ]),
        ("not bytecode_of(old).contains_code('found.append(value)')", [
            "    2  LOAD_ATTR append  matched @11",
        ]),
        ("bytecode_of(waits).contains_code('await tusk')", [
            "!   1  LOAD_GLOBAL tusk  not met; *(nearest @0: LOAD_FAST task)",
        ]),
        ("bytecode_of(seven).folds_to(7)", [
            "expected   LOAD_CONST   7",
            "!   1  LOAD_CONST 7  not met; @0: LOAD_GLOBAL x",
        ]),
        ("bytecode_of(old).count('LOAD_FAST') == 2", [
            "Every occurrence:",
            "  @16  LOAD_FAST          found   old  app.py:6   return found",
            "    !   10  LOAD_FAST          found",
        ]),
        ("0 < bytecode_of(old).count('LOAD_FAST value_')", [
            "!   1  LOAD_FAST value_  not met; *(nearest @16: LOAD_FAST found)",
        ]),
        ("bytecode_of(outer).tree.count('LOAD_DEREF') > 3", [
            "  @0  LOAD_DEREF         a   outer.<locals>.inner  app.py:17   return a + b",
            "    !    0  LOAD_DEREF         a",
        ]),
        ("bytecode_of(old).count('LOAD_DEREF')", ["!   1  LOAD_DEREF*nearest @16: LOAD_FAST found)"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_sections(pytester: pytest.Pytester, check: str, lines: list[str]) -> None:
    _, section = run(pytester, check)
    found = section.splitlines()
    for line in lines:
        form = re.compile(".*".join(map(re.escape, line.split("*"))))
        assert any(form.match(one) for one in found), (line, section)


def test_the_message_of_a_count_says_what_was_counted_where(pytester: pytest.Pytester) -> None:
    message, _ = run(pytester, "bytecode_of(old).count('LOAD_FAST values') >= 2")
    assert message.splitlines()[:2] == [
        "assert LOAD_FAST values is once in old, expected >= 2",
        "@2  LOAD_FAST          values   old  app.py:3   for value in values:",
    ]
    message, _ = run(pytester, "2 < bytecode_of(old).count('LOAD_FAST values')")
    assert message.startswith("assert LOAD_FAST values is once in old, expected > 2")


def test_a_long_relation_is_told_from_others(pytester: pytest.Pytester) -> None:
    """pytest cuts what is long in the middle."""
    name = "a_very_long_name_" * 20
    _, section = run(pytester, f"bytecode_of(old).contains_code('{name}({name})')")
    assert "The expectation:" in section


def test_a_count_is_a_number() -> None:
    count = bytecode_of(old).count("LOAD_FAST")
    assert (count, count + 1, sum([count, count]), [9, 8][count]) == (1, 2, 2, 8)
    assert json.dumps({"count": count}) == '{"count": 1}'
    assert repr(count) == "1"
    assert not bytecode_of(old).count("LOAD_GLOBAL")
    assert bytecode_of(old).tree.count("LOAD_FAST values") == 1
