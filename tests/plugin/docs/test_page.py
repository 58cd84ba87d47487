"""The page of recipes: every block of it is a file of tests that passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugin.expect.forms import FORMS

PAGE = Path(__file__).parents[3] / "pytest_pycinspect" / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPES = [
    (section.partition("\n")[0], code)
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)
    for code in BLOCK.findall(section)
]


@pytest.mark.parametrize(("title", "code"), RECIPES, ids=lambda text: text[:40])
def test_recipe(title: str, code: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(code)

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")

    outcomes = result.parseoutcomes()
    tests = len(re.findall(r"^def test_", code, re.MULTILINE))
    assert set(outcomes) <= {"passed", "skipped"}, title
    assert outcomes["passed"] + outcomes.get("skipped", 0) >= tests


def test_there_are_recipes() -> None:
    """A block that is not run would be one that nothing checks."""
    assert len(RECIPES) == TEXT.count("```python") >= 10


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def forms_table() -> str:
    """Return what the page says of the forms: a table of those that are tested."""
    rows = [row("form", "meaning", "for example"), "|---|---|---|"]
    for form in FORMS:
        example = form.example.replace("|", "\\|").replace("\n", "` · `")
        rows.append(row(f"`{form.form}`", form.meaning, f"`{example}`"))
    return "\n".join(rows)


def test_the_page_has_every_form() -> None:
    """Print what is missing: python -c "from tests.plugin.docs.test_page import *; print(forms_table())"."""
    assert forms_table() in TEXT
