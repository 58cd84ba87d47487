"""What explains other findings comes before them, in every format."""

from __future__ import annotations

import json

import pytest

from pycinspect.report.spool import Spool, causes_first
from tests.report.kit import RULES, Stale, finding, hostile_findings, report, stale


class Cause(Stale):
    """What explains the stale caches of a tree."""

    id = "PYC107"
    title = "Whole tree stale"
    about_tree = True


ALL = RULES | {"PYC107": Cause}


def test_causes_come_first_and_the_others_in_their_order() -> None:
    found = [stale("a"), finding(Cause, "."), stale("b"), finding(Cause, "x"), stale("c")]
    ordered = [item.path for item in causes_first(found, ALL)]
    assert ordered == [".", "x", "a", "b", "c"]


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_pages_begin_with_the_cause(name: str) -> None:
    text = report(name, [stale("a.pyc"), stale("b.pyc"), finding(Cause, ".")], rules=ALL)
    assert text.index("PYC107") < text.index("PYC101")


def test_what_waits_on_disk_comes_back_as_it_was() -> None:
    spool, found = Spool(), list(hostile_findings())
    for item in found:
        spool.add(item)
    for before, after in zip(found, spool, strict=True):
        assert after.message == before.message
        assert after[:3] == before[:3]


def test_data_that_no_file_can_hold_is_shown_as_it_would_be() -> None:
    spool = Spool()
    spool.add(stale("a", found=object, expected={1, 2}))
    (after,) = spool
    assert json.dumps(dict(after.data))
    assert "class 'object'" in after.message
