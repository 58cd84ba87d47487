"""No check is true of all functions, or of none: it is refused, has a warning, or can fail.

``python -m tests.plugin.vacuous`` looks at more functions and expectations.
"""

from __future__ import annotations

import random
from itertools import islice

import pytest

from tests.plugin.vacuous.checked import Checked, names_of
from tests.plugin.vacuous.corpus import corpus
from tests.plugin.vacuous.drawn import Drawn, drawn


@pytest.mark.parametrize("seed", range(4))
def test_what_is_drawn_varies_or_is_refused(seed: int) -> None:
    codes = corpus(45, seed)
    checked = Checked(codes)
    for one in islice(drawn(random.Random(seed), names_of(codes)), 140):
        checked.add(one)
    assert checked.constant == []
    assert checked.kinds["varies"] > 10
    assert checked.kinds["witness"] > 5
    assert checked.kinds["refused"] > 20


def test_what_is_constant_is_found() -> None:
    checked = Checked(corpus(25, 0))
    checked.add(Drawn("never", lambda code: len(code) > 10**9, ("def f(): return 1",)))
    checked.add(Drawn("always", lambda code: len(code) > 0))
    assert checked.constant == ["never: False", "always: True"]
    checked.add(Drawn("rare", lambda code: 97531 in code.consts, ("def f(): return 97531",)))
    assert checked.kinds["witness"] == 1
