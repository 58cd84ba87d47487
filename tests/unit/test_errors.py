"""The one exception type says in one line what and where."""

from __future__ import annotations

import pickle

import pytest

from pycinspect.errors import PycInspectError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PycInspectError("slug", "it is so"), "it is so"),
        (PycInspectError("slug", "it is so", path="a.pyc"), "a.pyc: it is so"),
        (PycInspectError("slug", "it is so", offset=0), "offset 0: it is so"),
        (PycInspectError("slug", "it is so", path="a", offset=4), "a: offset 4: it is so"),
    ],
)
def test_text(error: PycInspectError, text: str) -> None:
    assert str(error) == text


def test_at_keeps_everything_else() -> None:
    error = PycInspectError("slug", "it is so", offset=3).at("a.pyc")
    assert (error.slug, error.message, error.path, error.offset) == ("slug", "it is so", "a.pyc", 3)


def test_names_that_would_break_the_line_do_not() -> None:
    error = PycInspectError("slug", "it is so", path="new\nline.pyc")
    assert str(error).splitlines() == [str(error)]


def test_survives_the_way_between_processes() -> None:
    """An audit with several workers sends its errors home by pickle."""
    error = pickle.loads(pickle.dumps(PycInspectError("slug", "so", path="a.pyc", offset=4)))
    assert (error.slug, error.message, error.path, error.offset) == ("slug", "so", "a.pyc", 4)
