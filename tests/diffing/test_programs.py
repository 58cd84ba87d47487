"""What ``diff`` and ``canonicalize`` take, and what a notebook shows of them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

import pycinspect
from pycinspect import Level

from .kit import compiled


def one(a):
    return a + 1


def two(a):
    return a + 2


class Method:
    def one(self, a):
        return a + 1


SOURCE = "def one(a):\n    return a + 1\n"


def test_whatever_holds_code(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text(SOURCE)
    file = compiled(SOURCE)
    function = file.code.find("one")
    form = pycinspect.canonicalize(one)
    assert form == pycinspect.canonicalize(one.__code__)
    assert form == pycinspect.canonicalize(function)
    assert pycinspect.canonicalize(path) == pycinspect.canonicalize(str(path))
    assert pycinspect.canonicalize(file) == pycinspect.canonicalize(path)
    assert pycinspect.canonicalize(Method().one) == pycinspect.canonicalize(Method.one) != form


def test_functions_can_be_compared() -> None:
    assert pycinspect.diff(one, one).is_same
    diff = pycinspect.diff(one, two)
    assert (diff.old, diff.new) == ("one", "two")
    (unit,) = diff.units
    assert {plane.value for plane in unit.planes} == {"instructions", "names"}
    assert pycinspect.diff(compiled(SOURCE).code, compiled(SOURCE)).is_same


@pytest.mark.parametrize("level", Level)
def test_the_level_can_be_a_word(level: Level) -> None:
    assert pycinspect.canonicalize(one, level.value).level is level
    assert pycinspect.diff(one, one, level.value).level is level


def test_an_unknown_level_is_refused() -> None:
    for call in (pycinspect.canonicalize, lambda code, level: pycinspect.diff(code, code, level)):
        with pytest.raises(pycinspect.PycInspectError, match="'vague' is not a level") as caught:
            call(one, "vague")
        assert caught.value.slug == "unknown-level"


def test_names_lead_to_the_functions_inside() -> None:
    form = pycinspect.canonicalize(compiled(SOURCE))
    assert [child.name for child in form.children] == ["one"]


# --- Notebooks ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The text and the tags of a page, each of which is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


ALLOWED = {"p", "table", "tr", "td", "th", "code", "br", "del", "ins"}
HOSTILE = "def f(a):\n    return a {} '<script>\\x1b[31m&amp;'\n"


def test_a_form_is_shown() -> None:
    page = Page(pycinspect.canonicalize(lambda a: [x for x in a if x < "<b>"])._repr_html_())
    assert set(page.tags) <= ALLOWED
    assert "for x in a, at the end -> L2" in page.text
    assert any("'<b>'" in text for text in page.text)


def test_a_problem_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise pycinspect.PycInspectError("not-canonical", "too <large>")

    monkeypatch.setattr("pycinspect.canonical.form.build", refuse)
    page = Page(pycinspect.canonicalize(one)._repr_html_())
    assert "not-canonical: too <large>" in page.text


def test_a_difference_is_shown() -> None:
    old, new = compiled(HOSTILE.format("+")), compiled(HOSTILE.format("-"))
    html = pycinspect.diff(old, new)._repr_html_()
    page = Page(html)
    assert set(page.tags) <= ALLOWED
    assert {"del", "ins"} <= set(page.tags)
    assert "<script>" not in html
    assert "\x1b" not in html
    assert any("1 changed" in text for text in page.text)
    assert any("<script>" in text for text in page.text)
