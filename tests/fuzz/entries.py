"""Everything that reads a file, by name: what a damaged one is given to.

An entry point returns whether the file was read, not refused. It may raise nothing but
``PycInspectError``, and print nothing that it was not asked for. Commands are called as click
calls them, so that what is measured and looked at is what a user gets.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pycinspect
from pycinspect import plugins
from pycinspect.auditing import Policy
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.canonical import Level, linearize, units
from pycinspect.cli import main
from pycinspect.dialects import DIALECTS
from pycinspect.disasm import (
    exception_table,
    instructions,
    line_ranges,
    line_starts,
    positions,
    verify,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc import CodeFile, anomalies, parse_header, read_code, unmarshal
from pycinspect.report.code import code_objects
from pycinspect.report.header import header_text
from tests.fuzz.mutants import Mutant
from tests.fuzz.others import (
    damaged_archive,
    damaged_baseline,
    damaged_digests,
    damaged_environment,
    damaged_journal,
    damaged_settings,
    damaged_source,
    damaged_users,
    damaged_zip,
)

__all__ = ["ENTRIES", "Entry", "UnwantedOutputError", "Workspace", "commands"]


class UnwantedOutputError(Exception):
    """What was printed is not what may be printed."""


_FOLDERS = (
    "src",
    "src/__pycache__",
    "bare",
    "old",
    "package",
    "other",
    "other/__pycache__",
    "image",
    "image/__pycache__",
    "image/etc",
    "image/usr/bin",
    "journal",
)


class Workspace:
    """A folder in which one damaged file after the other is put, by every name it can have.

    Args:
        folder: that is there, and empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)

    def load(self, mutant: Mutant) -> None:
        """Take another file; it is written when an entry point asks for it."""
        self.data = mutant.data
        self.seed = mutant.seed
        for path in (*self._written(), *self.folder.glob("box*.zip")):
            path.unlink()

    def _written(self) -> Iterator[Path]:
        for name in _FOLDERS:
            yield from (path for path in (self.folder / name).iterdir() if path.is_file())

    def _write(self, name: str, data: bytes, mtime: int | None = None) -> str:
        path = self.folder / name
        if not path.exists():
            path.write_bytes(data)
            if mtime is not None:
                os.utime(path, (mtime, mtime))
        return os.fspath(path)

    @property
    def tagged(self) -> str:
        """The name of a cache in ``__pycache__``; of Pythons without one, beside the source."""
        return f"__pycache__/m.{self.seed.tag}.pyc" if self.seed.tag else "m.pyc"

    def cache(self) -> str:
        """Return the path of the file as the cache of a source."""
        self.source()
        return self._write(f"src/{self.tagged}", self.data)

    def source(self) -> str:
        """Return the path of the source that the good file was made from."""
        path = self._write("src/m.py", self.seed.source, self.seed.mtime)
        self._write(f"src/{self.tagged}", self.data)
        return path

    def bare(self, name: str = "m.pyc") -> str:
        """Return the path of the file without a source, with a name."""
        return self._write(f"bare/{name}", self.data)

    def package(self) -> str:
        """Return the path of a package that is the file."""
        self._write("package/__init__.pyc", self.data)
        return os.fspath(self.folder / "package")

    def zipped(self) -> str:
        """Return the path of a zip file with the file inside it, and its source."""
        path = self.folder / "box.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("m.pyc", self.data)
                archive.writestr("p/__init__.pyc", self.data)
                archive.writestr("p/__init__.py", self.seed.source)
        return os.fspath(path)

    @property
    def chance(self) -> random.Random:
        """What else is damaged follows from the file, so that it is enough to keep that."""
        return random.Random(zlib.crc32(self.data))

    def damaged_zip(self) -> str:
        """Return the path of a damaged zip file with the file inside it."""
        data = damaged_zip(self.data, self.seed.source, self.chance)
        return self._write("box-damaged.zip", data)

    def damaged_archive(self) -> str:
        """Return the path of a damaged archive of any kind with the file inside it."""
        data = damaged_archive(self.data, self.seed.source, self.chance)
        return self._write("other/archive", data)

    def damaged_source(self) -> str:
        """Return the path of a damaged source, whose cache the file is."""
        path = self._write("other/m.py", damaged_source(self.seed.source, self.chance))
        self._write(f"other/{self.tagged}", self.data)
        return path

    def baseline(self) -> str:
        """Return the path of a damaged baseline."""
        return self._write("other/baseline.json", damaged_baseline(self.chance))

    def journal(self) -> str:
        """Return the path of a damaged journal, which is about this folder."""
        data = damaged_journal(os.path.realpath(self.folder), self.chance)
        path = self._write("journal/journal.jsonl", data)
        os.chmod(path, 0o600)
        return path

    def digests(self) -> str:
        """Return the path of a damaged list of digests."""
        return self._write("other/known.sha256", damaged_digests(self.chance))

    def settings(self) -> str:
        """Return the path of a damaged ``pyproject.toml``."""
        return self._write("other/pyproject.toml", damaged_settings(self.chance))

    def environment(self) -> str:
        """Return the path of a damaged file of variables."""
        return self._write("other/environment", damaged_environment(self.chance))

    def image(self) -> str:
        """Return an image's root directory with the file in it, and damaged lists of users."""
        self._write(f"image/{self.tagged}", self.data)
        self._write("image/m.py", self.seed.source)
        self._write("image/usr/bin/python3.9", b"")
        for name in ("passwd", "group"):
            self._write(f"image/etc/{name}", damaged_users(self.chance))
        return os.fspath(self.folder / "image")

    def as_zip(self) -> str:
        """Return the path of the file, called a zip file."""
        return self._write("box-itself.zip", self.data)

    def original(self) -> str:
        """Return the path of the good file."""
        return self._write("old/m.pyc", self.seed.data)


class Entry(NamedTuple):
    """One way to read a file.

    Args:
        name: of it.
        run: does it.
        every: of so many files it reads one, because all of them would take too long.
    """

    name: str
    run: Callable[[Workspace], bool]
    every: int


# --- The library ------------------------------------------------------------------------------


def _code(work: Workspace) -> CodeFile:
    return read_code(work.data, parse_header(work.data, tag=work.seed.tag))


def _header(work: Workspace) -> bool:
    header_text("x.pyc", parse_header(work.data, tag=work.seed.tag))
    return True


def _unmarshal(work: Workspace) -> bool:
    header = parse_header(work.data, tag=work.seed.tag)
    unmarshal(work.data, header.dialect, offset=header.size)
    file = _code(work)
    for code in file.code.walk():
        _only_printable(repr(code))
        assert code == code  # noqa: PLR0124 - that it can be compared
    return True


def _disassembly(work: Workspace) -> bool:
    file = _code(work)
    for code in file.code.walk():
        for caches in (False, True):
            instructions(code, file.dialect, caches=caches)
        for read in (line_starts, line_ranges, positions, exception_table):
            with suppress(PycInspectError):
                _all_of(read(code, file.dialect))
    return True


def _all_of(found: Iterable[object]) -> None:
    for _ in found:
        pass


def _verify(work: Workspace) -> bool:
    file = _code(work)
    for code in file.code.walk():
        _all_of(verify(code, file.dialect))
    return True


def _encoding(work: Workspace) -> bool:
    header = parse_header(work.data, tag=work.seed.tag)
    _all_of(anomalies(work.data, header.dialect, header.size))
    return True


def _code_json(work: Workspace) -> bool:
    file = _code(work)
    json.loads(json.dumps(code_objects(file.code, file.dialect)))
    return True


def _canonicalize(level: Level) -> Callable[[Workspace], bool]:
    def run(work: Workspace) -> bool:
        file = _code(work)
        for form in units(file.code, file.dialect, level).values():
            assert (form.digest is None) is (form.problem is not None)
            _only_printable(repr(form))
            str(form)
            for statement in form.statements:
                str(statement)
        return True

    return run


def _linearize(work: Workspace) -> bool:
    file = _code(work)
    for code in file.code.walk():
        linearize(code, file.dialect)
    return True


def _by_path(work: Workspace) -> bool:
    """Read the file by its path, as a user of the library does."""
    path = work.cache()
    pycinspect.read_header(path)
    _only_printable(repr(pycinspect.judge(path)))
    file = pycinspect.read_pyc(path)
    _only_printable(repr(file))
    return True


def _for_notebooks(work: Workspace) -> bool:
    """Compare by path, and write the pages that a notebook shows."""
    found = pycinspect.diff(work.original(), work.bare(_own_name(work)))
    _only_printable(repr(found))
    _only_printable(found._repr_html_())
    _only_printable(pycinspect.canonicalize(work.bare(_own_name(work)))._repr_html_())
    return True


# --- Commands ---------------------------------------------------------------------------------


@contextmanager
def commands() -> Iterator[None]:
    """Look for plugins once, not with every command; say where a fault of ours lies."""
    registry = plugins.load_registry()
    with (
        patch.object(plugins, "load_registry", lambda: registry),
        patch.dict(os.environ, {"PYCINSPECT_DEBUG": "1", "NO_COLOR": "1"}),
    ):
        yield


def _run(*arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code and what it printed."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n") for _ in range(2))
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main.main(list(arguments), "pycinspect", standalone_mode=False)
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
    printed, complaints = (stream.buffer.getvalue().decode() for stream in (out, err))
    if code not in (0, 1, 2):
        raise UnwantedOutputError(f"exit code {code}: {complaints}")
    for line in complaints.splitlines():
        if not line.startswith("pycinspect: "):
            raise UnwantedOutputError(f"on standard error: {complaints}")
    return code, printed, complaints


def _only_printable(text: str) -> None:
    """Refuse characters that a terminal would obey."""
    for character in set(text) - {"\n"}:
        if not character.isprintable():
            raise UnwantedOutputError(f"{character!r} was printed")


def _as_text(printed: str) -> None:
    _only_printable(printed)


def _as_json(printed: str) -> None:
    json.loads(printed or "null")


def _as_json_lines(printed: str) -> None:
    for line in printed.splitlines():
        json.loads(line)


def _as_xml(printed: str) -> None:
    ET.fromstring(printed)


_Arguments = Callable[[Workspace], tuple[str, ...]]
_Look = Callable[[str], None]


def _command(arguments: _Arguments, look: _Look = _as_text) -> Callable[[Workspace], bool]:
    """Return an entry point that runs a command with arguments and looks at what it prints."""

    def run(work: Workspace) -> bool:
        code, printed, complaints = _run(*arguments(work))
        _only_printable(complaints)
        look(printed)
        return code != 2

    return run


def _show(*options: str, look: _Look = _as_text) -> Callable[[Workspace], bool]:
    return _command(lambda work: ("show", *options, work.bare(_own_name(work))), look)


def _own_name(work: Workspace) -> str:
    return f"m.{work.seed.tag}.pyc" if work.seed.tag else "m.pyc"


def _other_dialect(work: Workspace) -> str:
    """Return the name of a Python that may have nothing to do with the file."""
    names = [row.name for row in DIALECTS if row.code is not None]
    return names[zlib.crc32(work.data) % len(names)]


def _one_name(work: Workspace) -> str:
    """Return the qualified name of one of the file's code objects, if it can be read."""
    try:
        codes = [code.qualname for code in _code(work).code.walk()]
    except PycInspectError:
        return "<module>"
    return codes[zlib.crc32(work.data) % len(codes)]


def _diff(
    level: Level, *options: str, look: _Look = _as_text, back: bool = False
) -> Callable[[Workspace], bool]:
    """Return an entry point that compares the good file with the damaged one, or back."""

    def arguments(work: Workspace) -> tuple[str, ...]:
        paths = work.original(), work.bare(_own_name(work))
        return ("diff", "--level", level.value, *options, *(paths[::-1] if back else paths))

    return _command(arguments, look)


def _check(*arguments: str, look: _Look = _as_text) -> Callable[[Workspace], bool]:
    def placed(work: Workspace) -> tuple[str, ...]:
        return ("check", *(_PLACES[a](work) if a in _PLACES else a for a in arguments))

    return _command(placed, look)


#: What words in the arguments of ``check`` stand for.
_PLACES: Mapping[str, Callable[[Workspace], str]] = {
    "CACHE": Workspace.cache,
    "SOURCE": Workspace.source,
    "BARE": Workspace.bare,
    "PYO": lambda work: work.bare("m.pyo"),
    "TAGGED": lambda work: work.bare(_own_name(work)),
    "PACKAGE": Workspace.package,
    "ZIP": Workspace.zipped,
    "ITSELF": Workspace.as_zip,
    "DAMAGED-ZIP": Workspace.damaged_zip,
    "DAMAGED-SOURCE": Workspace.damaged_source,
    "FOLDER": lambda work: os.path.dirname(work.bare()),
    "DIALECT": _other_dialect,
}


def _two_trees(work: Workspace) -> tuple[str, str]:
    """Return two folders with modules of one name."""
    return os.path.dirname(work.original()), os.path.dirname(work.bare())


def _tree(work: Workspace) -> str:
    """Return a tree with the file in each place that a cache can have."""
    for place in (work.cache, work.bare, work.package, work.damaged_source):
        place()
    return os.fspath(work.folder)


def _audit_rules(work: Workspace) -> bool:
    """Ask every rule; one that fails is not a finding here."""
    rules = []
    on_request = tuple(rule.id for rule in BUILT_IN if rule.only_on_request)
    for finding in plugins.audit([_tree(work)], Policy(deep=True, lists=on_request)):
        if finding.rule == _RULE_FAILED:
            raise UnwantedOutputError(f"a rule failed: {finding.data}")
        rules.append(finding.rule)
    return bool(rules)


def _audit(format_: str, look: _Look, *options: str) -> Callable[[Workspace], bool]:
    fixed = ("audit", "--no-config", "--deep", "--format", format_, *options)
    return _command(lambda work: (*fixed, _tree(work)), look)


#: What must be true of what a format's report is. Each format needs a row.
_REPORTS: Mapping[str, _Look] = {
    "text": _as_text,
    "markdown": _as_text,
    "json": _as_json,
    "jsonl": _as_json_lines,
    "sarif": _as_json,
    "github": _as_text,
    "gitlab": _as_json,
    "junit": _as_xml,
}
_RULE_FAILED = "PYC902"
#: Of so many files the dear ones read one.
_RARE = 30

ENTRIES: tuple[Entry, ...] = (
    Entry("header", _header, 1),
    Entry("unmarshal", _unmarshal, 1),
    Entry("disassembly", _disassembly, 2),
    Entry("verify", _verify, 1),
    Entry("encoding", _encoding, 1),
    Entry("code-json", _code_json, 4),
    Entry("linearize", _linearize, 3),
    Entry("by-path", _by_path, 4),
    Entry("for-notebooks", _for_notebooks, 2 * _RARE),
    *(Entry(f"canonicalize-{level.value}", _canonicalize(level), 6) for level in Level),
    Entry("show", _show(), _RARE),
    Entry("show-code", _command(lambda w: ("show", "--code", _one_name(w), w.bare(_own_name(w)))), _RARE),
    Entry("show-raw", _show("--raw"), _RARE),
    Entry("show-json", _show("--json", look=_as_json), _RARE),
    Entry("show-header", _show("--header"), 10),
    Entry("show-header-json", _show("--header", "--json", look=_as_json), 10),
    Entry("show-bytes", _show("--bytes"), _RARE),
    Entry("show-bytes-json", _show("--bytes", "--json", look=_as_json), _RARE),
    Entry("explain", _command(lambda w: ("explain", w.bare(_own_name(w)))), _RARE),
    Entry("show-canonical", _show("--canonical"), _RARE),
    Entry("show-as", _command(lambda w: ("show", "--as", _other_dialect(w), w.bare())), _RARE),
    Entry("show-as-canonical", _command(lambda w: ("show", "--canonical", "--as", _other_dialect(w), w.bare())), _RARE),
    Entry("show-named-source", _command(lambda w: ("show", w.bare("m.py"))), 10 * _RARE),
    Entry("show-source", _command(lambda w: ("show", w.damaged_source())), 5 * _RARE),
    Entry("show-zip", _command(lambda w: ("show", w.zipped(), w.damaged_zip())), _RARE),
    Entry("audit-archive", _command(lambda w: ("audit", "--no-config", "--deep", w.damaged_archive())), _RARE),
    Entry("audit-damaged-zip", _command(lambda w: ("audit", "--no-config", "--deep", w.damaged_zip())), _RARE),
    Entry("show-in-archive", _command(lambda w: ("show", f"{w.damaged_archive()}!/app/n.pyc")), _RARE),
    Entry("check-in-archive", _command(lambda w: ("check", f"{w.damaged_archive()}!/app/n.pyc", f"{w.damaged_zip()}!/m.pyc")), _RARE),
    Entry("diff-archive", _command(lambda w: ("diff", w.damaged_archive(), os.path.dirname(w.original()))), 2 * _RARE),
    Entry("diff-source", _command(lambda w: ("diff", w.damaged_source(), w.bare(_own_name(w)))), 5 * _RARE),
    Entry("diff-optimized", _command(lambda w: ("diff", "--optimize", "0", "--optimize", "2", w.damaged_source())), 5 * _RARE),
    Entry("diff-trees", _command(lambda w: ("diff", *_two_trees(w))), 2 * _RARE),
    *(
        Entry(
            f"diff-{level.value}{name}{way}",
            _diff(level, *options, look=look, back=bool(way)),
            2 * _RARE,
        )
        for level in Level
        for name, options, look in (
            ("", (), _as_text),
            ("-raw", ("--raw", "--side-by-side"), _as_text),
            ("-json", ("--json",), _as_json),
        )
        for way in ("", "-back")
    ),
    Entry("check-source", _check("SOURCE"), 10),
    Entry("check-cache", _check("CACHE"), 10),
    Entry("check-cache-json", _check("--json", "CACHE", look=_as_json_lines), 10),
    Entry("check-hash", _check("--check-hash-based-pycs", "always", "SOURCE"), 10),
    Entry("check-sourceless", _check("BARE"), 10),
    Entry("check-pyo", _check("PYO"), 20),
    Entry("check-tagged", _check("TAGGED"), 20),
    Entry("check-package", _check("PACKAGE"), 20),
    Entry("check-module", _check("-m", "m", "--path", "FOLDER"), 20),
    Entry("check-zip", _check("-m", "m", "-m", "p", "--path", "ZIP"), 10),
    Entry("check-as-zip", _check("-m", "m", "--path", "ITSELF"), 20),
    Entry("check-damaged-zip", _check("-m", "m", "-m", "p", "--path", "DAMAGED-ZIP"), 10),
    Entry("check-damaged-source", _check("--check-hash-based-pycs", "always", "DAMAGED-SOURCE"), _RARE),
    Entry("check-as", _check("--as", "DIALECT", "SOURCE", "CACHE", "BARE"), 10),
    Entry("check-environment", _command(lambda w: ("check", "--environment-file", w.environment(), w.bare())), 2 * _RARE),
    Entry("check-image", _command(lambda w: ("check", "/m.py", "--user", "app", "--root", w.image())), 2 * _RARE),
    Entry("audit-image", _command(lambda w: ("audit", "--no-config", "--no-deep", "--user", "1000", "--root", w.image())), 2 * _RARE),
    Entry("audit-rules", _audit_rules, 20),
    Entry("audit-baseline", _command(lambda w: ("audit", "--no-config", "--baseline", w.baseline(), os.path.dirname(w.bare()))), 2 * _RARE),
    Entry("audit-digests", _command(lambda w: ("audit", "--no-config", "--digests", w.digests(), os.path.dirname(w.bare()))), 2 * _RARE),
    Entry("audit-config", _command(lambda w: ("audit", "--config", w.settings(), os.path.dirname(w.bare()))), 2 * _RARE),
    Entry("audit-file", _command(lambda w: ("audit", "--no-config", "--profile", "security", w.bare())), 2 * _RARE),
    *(Entry(f"audit-{format_}", _audit(format_, look, "-vv"), 2 * _RARE) for format_, look in _REPORTS.items()),
    Entry("fix", _command(lambda w: ("fix", "--no-config", "--deep", _tree(w))), 2 * _RARE),
    Entry("fix-mode", _command(lambda w: ("fix", "--no-config", "--json", "--invalidation-mode", "checked-hash", _tree(w)), _as_json), 2 * _RARE),
    Entry("fix-undo", _command(lambda w: ("fix", "--undo", w.journal())), 2 * _RARE),
    Entry("audit-levels", _audit("text", _as_text, "--levels", "0,1", "--invalidation-mode", "checked-hash"), 2 * _RARE),
)  # fmt: skip
