"""Paths, sizes and times as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.auditing.rules import BUILT_IN
from pycinspect.report.documentation import markdown, paragraph, sections
from pycinspect.report.words import shown_path, wrapped
from pycinspect.values import human_size, utc, visible
from tests.report.kit import Stale

any_text = st.text(st.characters(exclude_categories=[]))


@given(any_text)
def test_visible_text_is_printable_and_stays_itself(text: str) -> None:
    shown = visible(text)

    assert shown.isprintable()
    shown.encode("utf-8")
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("path", "base", "shown"),
    [
        ("/a/b/c", "/a/b", "c"),
        ("/a/b", "/a/b", "."),
        ("/a/bc", "/a/b", "/a/bc"),
        ("/a", "/a/b", "/a"),
        ("/a/b", "/", "a/b"),
        ("x/y", "/a", "x/y"),
        ("./x", "/a", "x"),
        (".", "/a", "."),
        ("../x", "/a/b", "../x"),
        ("../b/x", "/a/b", "x"),
        ("./x", None, "./x"),
    ],
)
def test_shown_path(path: str, base: str | None, shown: str) -> None:
    assert shown_path(path, base) == shown


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (2**40, "1.1 TB"),
        (10**19, "10,000 PB"),
    ],
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"),
        (2**32 - 1, "2106-02-07 06:28:15 UTC"),
        (253402300799, "9999-12-31 23:59:59 UTC"),
        (253402300800, ""),
        (-(10**12), ""),
        (2**63, ""),
    ],
)
def test_utc(seconds: int, text: str) -> None:
    assert utc(seconds) == text


@given(any_text, st.integers(-5, 120))
def test_wrapping_takes_any_width(text: str, width: int) -> None:
    lines = wrapped(visible(text), width, "  ")

    assert "".join("".join(lines).split()) == "".join(visible(text).split())


@pytest.mark.parametrize("rule", [Stale, *BUILT_IN], ids=lambda rule: str(rule.id))
def test_documentation_falls_into_its_parts(rule: type[Stale]) -> None:
    parts = sections(rule)

    assert [part.heading for part in parts] == ["What it finds", "Why it matters", "What to do"]
    assert "===" not in markdown(rule)
    assert "\n" not in paragraph(rule)
