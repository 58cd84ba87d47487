"""What real interpreters answered once, for those who have none of them here.

``python -m tests.differential.location`` asks them again.
"""

from __future__ import annotations

import pytest

from pycinspect.dialects import find_dialect
from pycinspect.pyc import anomalies, read_pyc
from tests.differential.location import DIRECTORY, EXHAUSTIVE, crashes, outcomes, predict
from tests.samples import SAMPLES

RECORDED = outcomes()
FILES = sorted((SAMPLES.parent / "fuzz").glob("*.pyc"))


@pytest.mark.parametrize("dialect", RECORDED)
def test_caches_live_where_the_interpreter_said(dialect: str) -> None:
    answers = zip(EXHAUSTIVE, RECORDED[dialect], strict=True)
    found = [
        (question, predict(dialect, question, DIRECTORY), answer)
        for question, answer in answers
        if predict(dialect, question, DIRECTORY) != answer and not crashes(question, answer)
    ]
    assert found[:5] == []


def test_every_importer_since_3_6_was_asked() -> None:
    assert len(RECORDED) >= 9
    assert len({str(answers) for answers in RECORDED.values()}) > 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_an_interpreter_wrote_is_spelled_as_its_writer_spells(path) -> None:
    header = read_pyc(path).header
    assert list(anomalies(path.read_bytes(), header.dialect, header.size)) == []
    assert find_dialect(header.dialect.name) is header.dialect
