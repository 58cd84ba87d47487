"""A program explained: each instruction in words, with the stack in symbols."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from pycinspect.cache import Verdict
from pycinspect.cache.sourcetext import SourceText
from pycinspect.dialects import Dialect, Flow, described
from pycinspect.disasm import Handler, Instruction, Literals, exception_table, instructions
from pycinspect.disasm.scopes import Scopes, scopes_of
from pycinspect.disasm.symbols import Stack, stack_after, symbolic_stacks
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, CodeFile
from pycinspect.report.allowance import Allowance
from pycinspect.report.verdict import decision_lines
from pycinspect.values import brief, byte_count, quoted

__all__ = ["explained_lines", "stage_lines"]

_INDENT = " " * 11
#: Characters of a line.
_LINE = 300
_TOO_MUCH = "not shown: this file shares its parts more often than any compiler makes it"


#: A field of :class:`Scopes`, and why a variable is there.
_SCOPES = (
    ("arguments", "bound by the call"),
    ("locals", "bound here, and used here alone"),
    ("cells", "bound here, and used by functions inside"),
    ("frees", "bound in a function around"),
    ("globals", "looked up in the module, then among the builtins"),
    ("names", "looked up by name in the namespace that the code runs in, then as a global"),
)


def stage_lines(source: SourceText | None, size: int, verdict: Verdict) -> Iterator[str]:
    """Yield what comes before the instructions: the source, and what the importer does.

    Args:
        source: what the program was made from, None where that is not known.
        size: bytes of the file that was asked about.
        verdict: what an import would do.
    """
    yield ""
    yield "source"
    if source is None or source.doubt is not None:
        yield f"  {'not known' if source is None else source.doubt}"
    else:
        is_ended = source.lines[-1:] == ("",)  # what follows the last end of a line
        count = len(source.lines) - is_ended
        yield f"  {quoted(source.path)}: {count:,} {'line' if count == 1 else 'lines'}"
    yield ""
    yield "file"
    yield f"  {byte_count(size)}; show --bytes says what each byte of a cache is"
    yield ""
    yield "importer"
    yield from (f"  {line}" for line in decision_lines(verdict))


def explained_lines(
    file: CodeFile, source: SourceText | None, names: Collection[str]
) -> Iterator[str]:
    """Yield the variables of each code object, and what each of its instructions does.

    Args:
        file: the program.
        source: what it was made from, None where that is not known.
        names: qualified names of code objects, empty for all.
    """
    codes = list(file.code.walk())
    allowance = Allowance(codes)
    literals = allowance.literals(file.dialect)
    for code in codes:
        if names and code.qualname not in names:
            continue
        yield ""
        yield f"{brief(code.qualname)}, in {quoted(code.filename)}, line {code.firstlineno}"
        if allowance.spend_on(code):
            yield from _code_lines(_Followed.of(code, file.dialect, literals), source)
        else:
            yield f"  {_TOO_MUCH}"


class _Followed(NamedTuple):
    """A code object, disassembled.

    Args:
        dialect: who wrote it.
        steps: its instructions.
        handlers: its exception table.
        stacks: what is on the stack before each instruction, None where that is not known.
        why_not: why no stack is known, "" where they are.
        scopes: its variables.
    """

    dialect: Dialect
    steps: list[Instruction]
    handlers: list[Handler]
    stacks: list[Stack | None]
    why_not: str
    scopes: Scopes

    @classmethod
    def of(cls, code: Code, dialect: Dialect, literals: Literals | None) -> _Followed:
        steps = instructions(code, dialect, literals=literals)
        has_table = dialect.bytecode is not None and dialect.bytecode.exception_table
        handlers = exception_table(code, dialect) if has_table else []
        scopes = scopes_of(code, steps, dialect)
        try:
            stacks = symbolic_stacks(code, steps, dialect, handlers)
        except PycInspectError as error:
            return cls(dialect, steps, handlers, [None] * len(steps), error.message, scopes)
        return cls(dialect, steps, handlers, stacks, "", scopes)


def _code_lines(followed: _Followed, source: SourceText | None) -> Iterator[str]:
    yield from _scope_lines(followed.scopes)
    if followed.why_not:
        yield f"  {followed.why_not}"
    line = None
    for step, stack in zip(followed.steps, followed.stacks, strict=True):
        if step.line is not None and step.line != line:
            line = step.line
            yield ""
            yield f"  {line:>4} | {_text(source, line)}".rstrip()
        yield from _instruction_lines(step, stack, followed)


def _scope_lines(scopes: Scopes) -> Iterator[str]:
    for field, why in _SCOPES:
        names = getattr(scopes, field)
        if names:
            listed = brief(", ".join(names), _LINE)
            yield f"  {field}: {listed} ({why})"


def _text(source: SourceText | None, line: int) -> str:
    found = "" if source is None or not 0 < line <= len(source.lines) else source.lines[line - 1]
    return brief(found.rstrip())


def _instruction_lines(
    step: Instruction, stack: Stack | None, followed: _Followed
) -> Iterator[str]:
    argument = "" if step.arg is None else f" {step.arg}"
    meaning = f" ({brief(step.argrepr)})" if step.argrepr else ""
    yield f"    {step.offset:>5}  {step.opname}{argument}{meaning}"
    yield from (f"{_INDENT}{brief(line, _LINE)}" for line in _explanation(step, stack, followed))


def _explanation(step: Instruction, stack: Stack | None, followed: _Followed) -> Iterator[str]:
    bytecode = followed.dialect.bytecode
    assert bytecode is not None  # instructions() has read the opcodes
    row = bytecode.opcodes.by_number[step.opcode]
    if row.flow is Flow.UNKNOWN:
        yield f"{followed.dialect.name} has no such opcode."
        return
    picture = described(row.base, followed.dialect)
    yield picture.sentence
    yield f"stack  {picture.picture}"
    if stack is not None:
        yield f"here   [{', '.join(stack)}] → [{', '.join(stack_after(stack, step, picture))}]"
    elif not followed.why_not:
        yield "No path leads here."
    if step.jump_target is not None:
        yield f"It names the instruction at {step.jump_target}."
    caught = [one.target for one in followed.handlers if one.start <= step.offset < one.end]
    if caught:
        yield f"If it raises, control goes to {caught[0]}."
