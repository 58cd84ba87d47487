"""What interpreters make of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pycinspect.cache import options_from_environment
from pycinspect.dialects import DIALECTS
from tests.oracles import Oracle

CHILD = Path(__file__).with_name("options_child.py")

#: Texts that are, or look like, numbers.
TEXTS = [
    "",
    "0",
    "00",
    " 0",
    "0 ",
    "\t0",
    "-0",
    "1",
    "2",
    "3",
    "-1",
    "+2",
    " 2",
    "2 ",
    "2x",
    "x2",
    "no",
    "0x2",
    "0b",
    "1_0",
    "\u0662",  # two, in Arabic digits
    "2147483647",
    "2147483648",
    "4294967298",
    "9223372036854775809",
    "1" + "0" * 40,
    "-1" + "0" * 40,
    "1" * 5000,
    "0" * 5000 + "2",
    "-" + "1" * 5000,
]
#: PyPy does not start with these.
TOO_LARGE_FOR_PYPY = {"9223372036854775809", "1" + "0" * 40, "1" * 5000, "-" + "1" * 5000}
PREFIXES = ["", "/p", "p", " ", "0", "/p/"]


def _observed(oracle: Oracle, environment: Mapping[str, str]) -> object:
    return oracle.run(CHILD, None, arguments=["-S"], environment=environment)


def _predicted(oracle: Oracle, environment: Mapping[str, str]) -> dict[str, object]:
    options = options_from_environment(DIALECTS[oracle.dialect], environment)
    return {
        "optimize": options.optimize,
        "dont_write_bytecode": options.dont_write_bytecode,
        "pycache_prefix": options.pycache_prefix,
    }


@pytest.fixture
def native(oracle: Oracle) -> Oracle:
    if oracle.kind != "native":
        pytest.skip("the wrapper decides which variables it sees")
    return oracle


def test_numbers(native: Oracle) -> None:
    wrong = {}
    for text in TEXTS:
        if native.name.startswith("pypy") and text in TOO_LARGE_FOR_PYPY:
            continue
        environment = {"PYTHONDONTWRITEBYTECODE": text, "PYTHONOPTIMIZE": text}
        predicted, observed = _predicted(native, environment), _observed(native, environment)
        if predicted != observed:
            wrong[text] = (predicted, observed)
    assert wrong == {}


def test_prefixes(native: Oracle) -> None:
    for prefix in PREFIXES:
        # Nothing is written: the prefix may be the root directory's, or this one's.
        environment = {"PYTHONPYCACHEPREFIX": prefix, "PYTHONDONTWRITEBYTECODE": "1"}
        assert _predicted(native, environment) == _observed(native, environment)


def test_no_variables(native: Oracle) -> None:
    assert _predicted(native, {}) == _observed(native, {})
