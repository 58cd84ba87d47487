"""What follows the header of a cache, read once and looked at by many rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from pycinspect.cache import HERE, PAYLOAD_LIMIT, View, payload_exception
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    Anomaly,
    Code,
    CodeFile,
    Header,
    anomalies,
    errors_named,
    is_known,
    parse_header,
    read_code,
    tag_of,
)

if TYPE_CHECKING:
    from pycinspect.auditing.deceptive import DeceptiveName
    from pycinspect.auditing.obfuscation import Hidden
    from pycinspect.diffing import Stored
    from pycinspect.disasm import Defect, Proof
    from pycinspect.pyc.spelling import Spelling
    from pycinspect.verifying import Verification

__all__ = ["CODE_LIMIT", "CodeDefect", "Decode", "Payload", "decoded", "read_payload"]

#: Largest code, in bytes, of one code object whose instructions are checked; the largest of
#: the standard libraries has a tenth.
CODE_LIMIT = 1024 * 1024
#: So many defects, and anomalies, of one file are kept: a hostile one has millions.
_MOST = 100


class CodeDefect(NamedTuple):
    """What is wrong with the instructions of one code object.

    Args:
        qualname: of the code object.
        defect: what is wrong, and at which offset in its code.
    """

    qualname: str
    defect: Defect


# Not with slots: what is computed on demand is kept in the instance.
@dataclass(frozen=True, eq=False)
class Payload:
    """What follows a header.

    Args:
        header: what stands before it.
        dialect: who wrote it; of a pre-release, what is known of that pre-release.
        data: the file, header included; empty where it is too large to be read.
        has_code: there is a code object.
        error: why there is none, with the offset in the file: a slug of
            ``pycinspect.pyc.FAILURES``, or ``too-large``. None where there is one.
        trailing: bytes after the code object.
        dialects: the rows that the header's is one of.
        compared: what became of it and its source, if another process has compared them.
        key: of what is known of it, among results; empty where that is not kept.
        known: so many facts came from there.

    Another process may have read it: then all that was asked of it comes along, but for the code
    object, which is read again where somebody wants it.
    """

    header: Header
    dialect: Dialect
    data: bytes
    has_code: bool = False
    error: PycInspectError | None = None
    trailing: int = 0
    dialects: DialectTable = DIALECTS
    compared: Verification | None = None
    key: bytes = b""
    known: int = 0

    def __getstate__(self) -> dict[str, object]:
        here = {"code", "codes", "_proofs", "dialects"}
        return {name: value for name, value in vars(self).items() if name not in here}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, dialects=DIALECTS)

    @cached_property
    def code(self) -> Code | None:
        """The code object, None where there is none."""
        if not self.has_code:
            return None
        return read_code(self.data, self.header, dialects=self.dialects).code

    @cached_property
    def codes(self) -> tuple[Code, ...]:
        """The code object and all inside it; many rules look at each."""
        return () if self.code is None else tuple(self.code.walk())

    @property
    def exception(self) -> str | None:
        """The name of what an import of it raises; None for nothing, or where it is not known."""
        return None if self.error is None else payload_exception(self.error, self.header.dialect)

    @property
    def stored(self) -> Stored:
        """The code with its bytes, as comparing wants it; there must be code."""
        from pycinspect.diffing import Stored

        assert self.code is not None
        file = CodeFile(self.header, self.code, self.trailing)
        return Stored(file, self.data, self.header.size)

    @cached_property
    def oversized(self) -> tuple[str, int] | None:
        """The first code object whose instructions are too many to be checked, and their bytes."""
        sizes = ((code.qualname, len(code.code)) for code in self.codes)
        return next((found for found in sizes if found[1] > CODE_LIMIT), None)

    @cached_property
    def filename(self) -> str | None:
        """Where the code says that it comes from, None where there is none."""
        return None if self.code is None else self.code.filename

    @cached_property
    def stranger(self) -> tuple[str, str] | None:
        """The first code object inside that says otherwise, and what; None where all agree."""
        names = ((code.qualname, code.filename) for code in self.codes)
        return next((found for found in names if found[1] != self.filename), None)

    @cached_property
    def deceptive(self) -> DeceptiveName | None:
        """The first name in it that deceives; see ``auditing.deceptive``."""
        from pycinspect.auditing.deceptive import deceptive_name

        return deceptive_name(self.codes)

    @property
    def is_writer_known(self) -> bool:
        """Whether it is known how its writer chooses between ways to write the same."""
        return is_known(self.header.dialect)

    @property
    def is_verifiable(self) -> bool:
        """Whether the numbers of its opcodes are known, and not from hearsay."""
        return self.dialect.bytecode is not None and not self.dialect.unchecked

    @cached_property
    def defects(self) -> tuple[CodeDefect, ...]:
        """What is wrong with its instructions, the first hundred.

        Nothing where they cannot be checked.
        """
        from pycinspect.disasm import verify

        if self.code is None or not self.is_verifiable:
            return ()
        found = (
            CodeDefect(code.qualname, defect)
            for code, known in self._proofs
            if known is None
            for defect in verify(code, self.dialect)
        )
        return tuple(islice(found, _MOST))

    @cached_property
    def _proofs(self) -> tuple[tuple[Code, Proof | None], ...]:
        """Its code objects that are not too long, and the quick proofs that they are sound."""
        from pycinspect.disasm import proof

        codes = (code for code in self.codes if len(code.code) <= CODE_LIMIT)
        return tuple((code, proof(code, self.dialect)) for code in codes)

    @cached_property
    def leftovers(self) -> tuple[CodeDefect, ...]:
        """What nothing in it needs or leads to, the first hundred; see ``disasm.leftovers``.

        Nothing where its instructions cannot be checked, or are invalid.
        """
        from pycinspect.disasm import leftovers

        if self.code is None or not self.is_verifiable or self.defects:
            return ()
        found = (
            CodeDefect(code.qualname, leftover)
            for code, known in self._proofs
            if known is None or not known.is_tidy
            for leftover in leftovers(code, self.dialect)
        )
        return tuple(islice(found, _MOST))

    @cached_property
    def capabilities(self) -> Mapping[str, list[str]]:
        """What its code could do, by the names that it uses; see ``auditing.capabilities``."""
        from pycinspect.auditing.capabilities import capabilities_of

        return capabilities_of(self.codes, self.dialect)

    @cached_property
    def hidden(self) -> tuple[Hidden, ...]:
        """Signs that its code hides what it does, the first hundred."""
        from pycinspect.auditing.obfuscation import hidden_in

        return tuple(islice(hidden_in(self.codes), _MOST))

    @cached_property
    def spelling(self) -> Spelling | None:
        """What of its spelling depends on the run of the compiler; None where it cannot be read."""
        from pycinspect.pyc.spelling import spelling

        if self.code is None or self.code.dialect.marshal is None:
            return None
        return spelling(self.data, self.header.dialect, self.header.size)

    @cached_property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """Where it is not spelled as its writer spells, the first hundred places.

        Nothing where there is no code object, or its writer is not known.
        """
        if self.code is None:
            return ()
        found = anomalies(self.data, self.header.dialect, self.header.size)
        return tuple(islice(found, _MOST))


#: Makes a payload of a header, the bytes of the file, and the rows to look in.
Decode = Callable[["Header", bytes, "DialectTable"], "Payload"]


def decoded(header: Header, data: bytes, dialects: DialectTable) -> Payload:
    """Decode a cache that was read.

    Args:
        header: its header.
        data: the file.
        dialects: the rows to look in.

    Raises:
        PycInspectError: ``unsupported``.
    """
    try:
        found = read_code(data, header, dialects=dialects)
    except PycInspectError as error:
        if error.slug == "unsupported":
            raise
        return Payload(header, header.dialect, data, error=error)
    payload = Payload(header, found.dialect, data, True, None, found.trailing, dialects)  # noqa: FBT003 - it has code
    vars(payload)["code"] = found.code  # as cached_property keeps it
    return payload


def read_payload(
    path: str, dialects: DialectTable, view: View = HERE, decode: Decode = decoded
) -> Payload:
    """Read a cache file whole.

    Args:
        path: the file. The cache tag in its name decides where two implementations share
            a magic number.
        dialects: the rows to look in.
        view: the file system that it is in.
        decode: decodes it, or knows already what is in it.

    Raises:
        PycInspectError: what ``parse_header`` raises; ``unsupported`` where what the
            dialect writes after the header is not known; ``not-a-file``, ``not-found``,
            ``unreadable``. What is wrong after the header is :attr:`Payload.error`.
    """
    with errors_named(path):
        try:
            data = view.read_all(path, PAYLOAD_LIMIT)
        except PycInspectError as error:
            if error.slug != "too-large":
                raise
            start = view.read_start(path).data
            header = parse_header(start, tag=tag_of(path), dialects=dialects)
            return Payload(header, header.dialect, b"", error=error)
        header = parse_header(data, tag=tag_of(path), dialects=dialects)
        return decode(header, data, dialects)
