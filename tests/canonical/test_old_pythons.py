"""Samples by Pythons that cannot be installed any more have canonical forms, too."""

from __future__ import annotations

from collections import defaultdict

import pytest

from pycinspect import read_pyc
from pycinspect.canonical import Form, units
from tests.samples import ENTRIES, SAMPLES

#: From here on nothing is left out: what is older has loops with an index on the stack.
FIRST = (2, 2)


def by_interpreter() -> dict[str, list[str]]:
    found = defaultdict(list)
    for entry in ENTRIES:
        major, minor, *_ = map(int, entry["version"].split("."))
        if (major, minor) >= FIRST:
            found[entry["interpreter"]].append(entry["file"])
    return dict(found)


def forms(name: str) -> list[Form]:
    file = read_pyc(SAMPLES / name)
    return list(units(file.code, file.dialect).values())


@pytest.mark.parametrize(("interpreter", "names"), by_interpreter().items())
def test_all_code_is_canonicalised(interpreter: str, names: list[str]) -> None:
    found = [(name, form.code.qualname, form.problem) for name in names for form in forms(name)]
    assert [row for row in found if row[2] is not None] == []


def test_list_append_without_an_argument_takes_the_list_from_the_stack() -> None:
    found = {form.code.name: form for form in forms("cpython-2.6-closures.o2.pyc")}
    texts = [statement.text for statement in found["loop_lambdas"].statements]
    assert [text for text in texts if text.startswith("append ")] == ["append <function lambda>"]
