"""Changing one section of a golden file leaves all else as it is, whatever the file is like."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pycinspect.expect import PatternError
from pytest_pycinspect.golden.file import GoldenFile, parse_golden
from pytest_pycinspect.golden.sections import Content

LINES = st.sampled_from([
    "", "   ", "# a comment", "    # indented", "# source: ../a.py", "# source: a.py::f",
    "# view: raw", "# view: ops", "# python: 3.12", "[a]", "[b]", "[c]  # named", "[a/more]",
    "    LOAD_FAST x", "    LOAD_FAST y  # why", "    RETURN_VALUE", "    L1:", "    ...",
    "consts: 1, 'a'", "consts:", "handlers: ValueError", "@3.13:", "@>=3.12 @opt1:", "@pypy:",
])  # fmt: skip
FILES = st.lists(LINES, max_size=25)
CONTENTS = st.builds(
    Content,
    # Code has at least one instruction.
    st.lists(
        st.sampled_from(["LOAD_FAST x", "LOAD_FAST y", "RETURN_VALUE", "NOP"]), min_size=1
    ).map(tuple),
    st.sampled_from([None, "1, 'a'", "2"]),
    st.sampled_from([None, "KeyError"]),
)
TITLES = st.sampled_from(["a", "b", "c", "a/more", "new"])
GUARDS = st.sampled_from([(), ("3.13",), ("3.11", "opt1")])


def parsed(lines: list[str]) -> GoldenFile | None:
    file = GoldenFile("a.bytecode", tuple(lines))
    try:
        return file if file.sections is not None else None
    except PatternError:
        return None


def contents(file: GoldenFile) -> dict[tuple[str, tuple[str, ...]], Content]:
    return {
        (section.title, variant.conditions): uncommented(variant.content)
        for section in file.sections.values()
        for variant in reversed(section.variants)  # of two with one guard, the first counts
    }


def uncommented(content: Content) -> Content:
    """Return content without comments, which an unchanged line keeps."""
    texts = tuple(line.partition("  #")[0] for line in content.instructions)
    return replace(content, instructions=texts)


def comments(file: GoldenFile) -> Counter[str]:
    return Counter(line for line in file.lines if "# a" in line or "# i" in line)


@given(FILES, TITLES, GUARDS, CONTENTS)
@settings(max_examples=300, deadline=None)
def test_one_change(lines: list[str], title: str, guard: tuple[str, ...], content: Content) -> None:
    before = parsed(lines)
    if before is None:
        return
    after = before.with_content(title, guard, content, python="3.13", view="ops")
    changed = contents(after)
    assert changed.pop((title, guard)) == content
    changed.pop((title, ()), None)
    kept = contents(before)
    kept.pop((title, guard), None)
    kept.pop((title, ()), None)
    assert changed == kept
    assert comments(after) == comments(before)
    for name, section in before.sections.items():
        now = after.sections[name]
        assert (now.source, now.qualname, now.view) == (
            section.source, section.qualname, section.view
        )  # fmt: skip
    again = after.with_content(title, guard, content, python="3.13", view="ops")
    assert again.lines == after.lines


@given(FILES, st.data())
@settings(max_examples=200, deadline=None)
def test_removing_sections(lines: list[str], data: st.DataObject) -> None:
    before = parsed(lines)
    if before is None or not before.sections:
        return
    gone = data.draw(st.lists(st.sampled_from([*before.sections]), unique=True))
    after = before.without(gone)
    expected = {key: value for key, value in contents(before).items() if key[0] not in gone}
    assert contents(after) == expected
    for name, section in after.sections.items():
        old = before.sections[name]
        assert (section.source, section.qualname, section.view) == (
            old.source, old.qualname, old.view
        )  # fmt: skip


def test_a_source_directly_below_a_title_is_that_of_its_section() -> None:
    text = """\
# source: all.py
[a]
# mine
# source: a.py::f
# view: raw
    RETURN_VALUE

[b]
    RETURN_VALUE
[c]

# source: d.py::g
[d]
# python: 3.12
# source: e.py
[e]
"""
    sections = parse_golden("a.bytecode", text.encode()).sections
    assert {name: (s.source, s.qualname, s.view) for name, s in sections.items()} == {
        "a": ("a.py", "f", "raw"),
        "b": ("all.py", "b", "ops"),
        "c": ("all.py", "c", "ops"),
        "d": ("e.py", "d", "ops"),
        "e": ("d.py", "e", "ops"),
    }


def test_a_source_below_a_title_stays_there_when_content_is_written() -> None:
    text = "[a]\n# python: 3.9\n# source: a.py::f\n[b]\n"
    file = parse_golden("a.bytecode", text.encode())
    content = Content(("RETURN_VALUE",))
    after = file.with_content("a", (), content, python="3.13", view="ops")
    expected = "[a]\n# source: a.py::f\n# python: 3.13\n    RETURN_VALUE\n\n[b]\n"
    assert after.text == expected
    assert after.without(["b"]).text == expected.removesuffix("\n[b]\n")
    assert after.without(["a"]).text == "[b]\n"


@given(st.text(alphabet="a\n[]#@: ", max_size=60), st.sampled_from(["\n", "\r\n"]))
def test_text_is_written_as_it_was_read(text: str, newline: str) -> None:
    data = text.replace("\n", newline).encode()
    ended = data if not data or data.endswith(newline.encode()) else data + newline.encode()
    assert parse_golden("a.bytecode", data).text.encode().removesuffix(b"\n") in {
        ended.removesuffix(b"\n"),
        f"{text}\n".encode().removesuffix(b"\n"),  # one line has no line end to go by
    }
