"""Operands as text."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.literals import literal, starts_literal
from pytest_pycinspect.expect.model import ANY, Operand
from pytest_pycinspect.expect.scanner import Scanner

__all__ = ["operand"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_Found = re.Match[str]


def _target(scanner: Scanner, found: _Found) -> Operand:
    name = scanner.need(model.IDENTIFIER, "the name of a label, or '_'")[0]
    return model.Target(None if name == "_" else name)


def _code_name(scanner: Scanner, found: _Found) -> Operand:
    return model.CodeName(found["code"])


def _capture(scanner: Scanner, found: _Found) -> Operand:
    regex = None
    if found["colon"]:
        regex = _regex(scanner, scanner.need(_REGEX, "a regular expression such as /re/"))
    return model.Capture(found["variable"], regex)


def _regex(scanner: Scanner, found: _Found) -> model.Regex:
    return model.Regex(found["regex"])


def _compare(scanner: Scanner, found: _Found) -> Operand:
    place = scanner.place
    value = literal(scanner)
    if not isinstance(value, int | float):
        raise scanner.error("not a number", place)
    return model.Compare(found["sign"], value)


def _one_of(scanner: Scanner, found: _Found) -> Operand:
    options: list[model.Literal | model.Name] = []
    while not scanner.take(_CLOSE):
        options.append(_option(scanner))
        if not scanner.take(_COMMA):
            scanner.need(_CLOSE, "',' or ')'")
            break
    return model.OneOf(tuple(options))


def _option(scanner: Scanner) -> model.Literal | model.Name:
    if starts_literal(scanner):
        return model.Literal(literal(scanner))
    return model.Name(scanner.need(model.BARE_NAME, "a constant or a name")[0])


def _arguments(scanner: Scanner, found: _Found) -> Operand:
    place = scanner.place
    names = literal(scanner)
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise scanner.error("not a tuple of names", place, "such as ('key',)")
    return model.Arguments(None if found["count"] == "_" else int(found["count"]), names)


def _argument(scanner: Scanner, found: _Found) -> Operand:
    return model.Argument(int(found["number"]))


def _keyword_operator(scanner: Scanner, found: _Found) -> Operand:
    return model.Word(" ".join(found[0].split()))


def _operator(scanner: Scanner, found: _Found) -> Operand:
    return model.Word(found[0])


def _any_operand(scanner: Scanner, found: _Found) -> Operand:
    return ANY


def _name(scanner: Scanner, found: _Found) -> Operand:
    return model.Name(found[0])


_CLOSE, _COMMA = re.compile(r"\)"), re.compile(",")
_REGEX = re.compile(r"/(?![\s;=]|_classic)(?P<regex>(?:\\.|[^/\\])+)/(?=\s|;|#|$)")

#: The first that fits counts. A literal is read from its first character on.
_OPERANDS: tuple[tuple[re.Pattern[str], Callable[[Scanner, _Found], Operand]], ...] = (
    (re.compile("->"), _target),
    (re.compile(r"<code\s+(?P<code>[^\s<>]+|<[a-z]+>)>"), _code_name),
    (re.compile(r"\$(?P<variable>[^\W\d]\w*)(?P<colon>:)?"), _capture),
    (_REGEX, _regex),
    (re.compile(r"(?P<sign><=|>=|==|!=|<|>)(?=\s*(?:-?\s*\.?[0-9]|-?float\())"), _compare),
    (re.compile(r"in\s*\("), _one_of),
    (re.compile(r"(?:is\s+not|not\s+in|is|in|not)(?!\w)"), _keyword_operator),
    (re.compile(r"arg\s+(?P<number>[0-9]{1,10})(?!\w)"), _argument),
    (re.compile(r"(?P<count>[0-9]{1,9}|_)\s+(?=\()"), _arguments),
    (re.compile(r"_(?!\w)"), _any_operand),
)
_WORDS: tuple[tuple[re.Pattern[str], Callable[[Scanner, _Found], Operand]], ...] = (
    (model.OPERATOR, _operator),
    (model.BARE_NAME, _name),
)


def operand(scanner: Scanner) -> Operand:
    """Read an operand, or nothing, which is any."""
    if scanner.at_stop():
        return ANY
    for form, read in _OPERANDS:
        if found := scanner.take(form):
            return read(scanner, found)
    if starts_literal(scanner):
        return model.Literal(literal(scanner))
    for form, read in _WORDS:
        if found := scanner.take(form):
            return read(scanner, found)
    return scanner.fail("a name, a constant, an operator, '-> label', '$variable', '/re/' or '_'")
