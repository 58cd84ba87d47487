"""Write ``pycinspect/auditing/README.md``, all rules with their documentation.

python -m tests.audit.rules_page
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pycinspect.auditing import Rule
from pycinspect.auditing.rules import BUILT_IN

__all__ = ["PAGE", "rules_page"]

PAGE = Path(__file__).parents[2] / "pycinspect" / "auditing" / "README.md"

_HEAD = """\
# The audit's rules

`python -m tests.audit.rules_page` writes this page from the rules; a test says that it is current.
[CONTRIBUTING.md](../../CONTRIBUTING.md) says how to add a rule. *Counted* are rules that healthy trees break,
too: their findings are listed only where the rule is selected by its id.

| rule | severity | finds |
|---|---|---|
"""


def rules_page() -> str:
    """Return the page."""
    rules = sorted(BUILT_IN, key=lambda rule: rule.id)
    table = "".join(
        f"| [{rule.id}](#{_anchor(rule)}) | {_severity(rule)} | {rule.title} |\n" for rule in rules
    )
    return _HEAD + table + "".join(part for rule in rules for part in _section(rule))


def _severity(rule: type[Rule]) -> str:
    return f"{rule.severity.value}, counted" if rule.is_statistic else rule.severity.value


def _anchor(rule: type[Rule]) -> str:
    return rule.id.lower()


def _section(rule: type[Rule]) -> Iterator[str]:
    yield f"\n## {rule.id}\n\n**{rule.title}** ({_severity(rule)}, `{rule.name}`)\n\n"
    lines = rule.documentation().splitlines()
    underlined = {number for number, line in enumerate(lines) if line and not line.strip("=")}
    for number, line in enumerate(lines):
        if number not in underlined:
            text = line.replace("``", "`")
            yield f"### {text}\n\n" if number + 1 in underlined else f"{text}\n"


if __name__ == "__main__":
    PAGE.write_text(rules_page(), "utf-8")
