"""The parts of a rule's documentation: the docstring of its module."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.auditing import Rule

__all__ = ["Section", "markdown", "paragraph", "sections"]


class Section(NamedTuple):
    """A heading and what stands below it; the heading is "" before the first."""

    heading: str
    body: str


def sections(rule: type[Rule]) -> tuple[Section, ...]:
    """Return the parts of a rule's documentation, those without text left out."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    lines = rule.documentation().splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line and set(following) == {"="}:
            parts.append((line.strip(), []))
        elif set(line) != {"="}:
            parts[-1][1].append(line)
    found = (Section(heading, "\n".join(body).strip()) for heading, body in parts)
    return tuple(section for section in found if section.body)


def paragraph(rule: type[Rule]) -> str:
    """Return the first paragraph of a rule's documentation as one line."""
    first = next(iter(sections(rule)), Section("", rule.title))
    return " ".join(first.body.partition("\n\n")[0].split())


def markdown(rule: type[Rule]) -> str:
    """Return a rule's documentation as Markdown."""
    parts = (f"## {heading}\n\n{body}" if heading else body for heading, body in sections(rule))
    return "\n\n".join(parts).replace("``", "`")
