"""Who wrote this file?

Data only: a row for every Python that ever wrote a cache, found by magic
number, cache tag or name. Version numbers stand here and nowhere else. This
room uses ``errors`` and ``values``.
"""

from pycinspect.dialects import cpython, others
from pycinspect.dialects.bytecode import (
    Bytecode,
    InstructionFormat,
    LineTable,
    LiteralStyle,
    OperandStyle,
)
from pycinspect.dialects.layouts import (
    CodeField,
    CodeLayout,
    FieldKind,
    MarshalFormat,
    MarshalType,
    MarshalWriter,
    QualnameSource,
)
from pycinspect.dialects.linear import (
    LinearKind,
    LinearOperand,
    LinearRule,
    LinearTerm,
    as_written,
    linear_ops,
    linear_rules,
)
from pycinspect.dialects.lowering import (
    CanonicalKind,
    Lowering,
    LoweringRow,
    OperandSource,
    Raising,
    Template,
    canonical_kind,
    lowering_of,
    vocabulary,
)
from pycinspect.dialects.model import (
    CachePath,
    ClassRules,
    Dialect,
    EnvironmentFlag,
    Finder,
    HeaderField,
    HeaderLayout,
    Importer,
    MtimeRounding,
    MtimeWord,
    OptimizationName,
    SourceHash,
    TooShort,
    Writer,
    ZipImporter,
)
from pycinspect.dialects.opcodes import Effect, Opcode, OpcodeTable, Operand, Role
from pycinspect.dialects.operations import Flow, Operation, operation
from pycinspect.dialects.pictures import StackPicture, described, picture_of
from pycinspect.dialects.resident import Residents, residents_of
from pycinspect.dialects.table import DialectTable, FindMore

__all__ = [
    "DIALECTS",
    "Bytecode",
    "CachePath",
    "CanonicalKind",
    "ClassRules",
    "CodeField",
    "CodeLayout",
    "Dialect",
    "DialectTable",
    "Effect",
    "EnvironmentFlag",
    "FieldKind",
    "FindMore",
    "Finder",
    "Flow",
    "HeaderField",
    "HeaderLayout",
    "Importer",
    "InstructionFormat",
    "LineTable",
    "LinearKind",
    "LinearOperand",
    "LinearRule",
    "LinearTerm",
    "LiteralStyle",
    "Lowering",
    "LoweringRow",
    "MarshalFormat",
    "MarshalType",
    "MarshalWriter",
    "MtimeRounding",
    "MtimeWord",
    "Opcode",
    "OpcodeTable",
    "Operand",
    "OperandSource",
    "OperandStyle",
    "Operation",
    "OptimizationName",
    "QualnameSource",
    "Raising",
    "Residents",
    "Role",
    "SourceHash",
    "StackPicture",
    "Template",
    "TooShort",
    "Writer",
    "ZipImporter",
    "as_written",
    "canonical_kind",
    "described",
    "find_dialect",
    "linear_ops",
    "linear_rules",
    "lowering_of",
    "operation",
    "picture_of",
    "residents_of",
    "vocabulary",
]

#: Every row that pycinspect ships.
DIALECTS = DialectTable((*cpython.rows(), *others.rows()))


def find_dialect(
    name: str | None = None, *, magic: bytes | None = None, tag: str | None = None
) -> Dialect | None:
    """Find a dialect by name, by magic number or by cache tag.

    Args:
        name: such as ``"cpython-3.12"``, or ``"3.12"``, which is CPython's.
        magic: the first four bytes of a file; ``tag`` decides between two owners.
        tag: ``sys.implementation.cache_tag``; alone, the newest release with it.

    Returns:
        The row, or None where no row has that magic number or tag.

    Raises:
        PycInspectError: ``unknown-dialect`` for a name that no row has.

    >>> find_dialect("3.12").name
    'cpython-3.12'
    >>> find_dialect(magic=bytes.fromhex("cb0d0d0a")).name
    'cpython-3.12'
    >>> find_dialect(tag="pypy39").name
    'pypy-3.9'
    """
    if name is not None:
        return DIALECTS[name]
    if magic is not None:
        return DIALECTS.find(magic, tag)
    rows = DIALECTS.tagged(tag) if tag is not None else ()
    return rows[0] if rows else None
