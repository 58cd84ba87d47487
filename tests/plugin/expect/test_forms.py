"""Each form of the expectation language holds where it should, and only there."""

from __future__ import annotations

import pytest

from pytest_pycinspect import bytecode_of, pattern
from pytest_pycinspect.bytecode import Bytecode
from tests.plugin.expect.forms import FORMS, Form

pytestmark = pytest.mark.filterwarnings("ignore:.*bytecode.*")


def function(source: str) -> Bytecode:
    """Return the code of ``f``, in memory, so that it has a specialised view."""
    namespace: dict[str, object] = {}
    exec(compile(source, "<string>", "exec"), namespace)
    return bytecode_of(namespace["f"], pristine=False)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.form)
def test_the_example_holds(form: Form) -> None:
    assert function(form.source).matches(form.example)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.form)
def test_the_broken_variant_does_not(form: Form) -> None:
    assert not function(form.broken).matches(form.example)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.form)
def test_the_text_of_the_parsed_example_parses_to_the_same(form: Form) -> None:
    parsed = pattern(form.example)
    assert pattern(str(parsed)) == parsed
