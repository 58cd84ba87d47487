"""The rules that tell which mutants are the same program."""

from __future__ import annotations

import pytest

from tests.differential.equivalents import are_equivalent

EQUIVALENT = [
    ("a = 1\nb = []", "b = []\na = 1"),
    ("a, b = {}, 2", "b, a = 2, {}"),
    ("a = 1\na = 2", "a = 1.0\na = 2"),
    ("def g(): pass\na = 1", "a = 1\ndef g(): pass"),
    ("x = (a := a)", "x = a"),
    ("{1, 1.0, 2}", "{1, 2}"),
    ("while 1: a()", "while True: a()"),
    ("while a: return 1", "if a: return 1"),
    ("try: raise a\nexcept E: b()\nelse: c()", "try: raise a\nexcept E: b()"),
    ("try: a()\nexcept E: b()\nelse: c = 1", "try:\n    a()\n    c = 1\nexcept E: b()"),
]
DIFFERENT = [
    ("a = 1\na = 2", "a = 2\na = 1"),
    ("a = b\nc = d", "c = d\na = b"),
    ("global a\na = 1\nb = 2", "global a\nb = 2\na = 1"),
    ("a = 1\ndef g(x=a): pass", "def g(x=a): pass\na = 1"),
    ("a, b = 1, 2", "b, a = 1, 2"),
    ("x = (a := b)", "x = b"),
    ("{1.0, 1, 2}", "{1, 2}"),
    ("while a:\n    if b: continue\n    return 1", "if a:\n    if b: a()\n    return 1"),
    ("try: a()\nexcept E: b()\nelse: c()", "try: a()\nexcept E: b()"),
    ("try: a()\nexcept E: b()\nelse: c()", "try:\n    a()\n    c()\nexcept E: b()"),
]


def function(body: str) -> str:
    return "def f():\n" + "\n".join(f"    {line}" for line in body.splitlines())


@pytest.mark.parametrize(("one", "other"), EQUIVALENT)
def test_the_same_program(one, other):
    assert are_equivalent(function(one), function(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_program(one, other):
    assert not are_equivalent(function(one), function(other))
