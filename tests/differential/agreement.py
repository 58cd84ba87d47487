"""Trees by chance, and what audit, check and the real import say of every file in them.

A file of a tree has a marker of its own, which its code reports when it runs. So it can
be seen for each file whether an import came to it, and each sentence of an audit or of
``check`` about an import can be held against the import itself.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from pycinspect.auditing import Audit, CacheFile, Finding, Policy, Rule, Severity
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import (
    FinderKind,
    ImportOptions,
    Outcome,
    Verdict,
    find_module,
    judge_module,
    judge_target,
    level_of,
    running_platform,
)
from pycinspect.dialects import DIALECTS, Dialect, residents_of
from pycinspect.errors import PycInspectError
from pycinspect.installed import python_providers
from pycinspect.pyc import NameEnd
from tests.differential.compare import platform_of
from tests.differential.kit import CHILD, Kit
from tests.differential.situations import Directory, File, Link, Node
from tests.differential.trees import build, ordinary_user, remove, snapshot, workspace
from tests.differential.zips import Archive, Member, T
from tests.privileges import NOBODY

__all__ = ["Contradiction", "Plan", "contradictions", "plans"]

#: Modules of a directory. No import statement can name some; the last are part of Pythons.
_STEMS = ("m", "m", "n", "a-b", "x.y", ".h", "time", "abc")
_INNER = ("__init__", "__init__", "k")
_LEVELS = (0, 1, 2)
#: Rules that tell of a file's code, its links or its permissions, whatever an import does with it.
_OTHER_FACTS = frozenset({"PYC006", "PYC007", "PYC008", "PYC505", "PYC603", "PYC606"})

_PLACES = ("dir", "dir", "dir", "dir", "link", "file")
_SOURCES = (
    *("file",) * 6,
    *("none",) * 3,
    "dangling",
    "link",
    "directory",
    "link to directory",
    "locked",
)
_PACKAGES = (*("none",) * 8, "source", "bytecode", "both", "empty", "caches only", "link")
_EXTENSIONS = (*("none",) * 8, "own", "last", "foreign", "directory")
_CACHES = (
    *("fresh",) * 6,
    *("mtime", "size", "magic", "flags", "short", "header only", "cut", "not code", "unknown"),
    *("null", "checked", "checked wrong", "unchecked", "unchecked wrong", "locked", "directory"),
    *("dangling", "other Python"),
)
#: What stands between the stem and ``.pyc`` of a cache; {} is the oracle's tag.
_NAMES = (
    *("{}",) * 6,
    *("{}.opt-1",) * 2,
    *("{}.opt-2", "{}.opt-0", "{}.opt-01", "{}.opt-abc", "{}.opt-", "cpython-399", "pypy38"),
    *("cpython-37", "{}.more", "", "{}-pytest-9.2.0"),
)


#: Where the audit looks, and what imports are asked for beside.
_TREE = ("d",)
_ZIP = "a.zip"
_PATHS = (_TREE, (_ZIP,), ("d", _ZIP), (_ZIP, "d"))


class Question(NamedTuple):
    """What is imported from where.

    Args:
        module: its full name.
        path: entries of the search path, in the tree.
        level: how often ``-O`` is given.
    """

    module: str
    path: tuple[str, ...] = _TREE
    level: int = 0


@dataclass
class Plan:
    """One tree.

    Args:
        name: of the tree.
        nodes: what is in it; the code of a file starts with its marker.
        prefix: the cache prefix, a template, or None.
        archive: what is in a zip file beside it, None without one.
        questions: full names of modules that are imported.
    """

    name: str
    nodes: list[Node] = field(default_factory=list)
    prefix: str | None = None
    archive: Archive | None = None
    questions: list[Question] = field(default_factory=list)


class Contradiction(NamedTuple):
    """Two answers that cannot both be right."""

    oracle: str
    plan: Plan
    text: str

    def __str__(self) -> str:
        nodes = "\n".join(f"    {str(node)[:200]}" for node in self.plan.nodes)
        return f"{self.oracle}, {self.plan.name}: {self.text}\n{nodes}"


# --- Making trees ---------------------------------------------------------------------


def plans(kit: Kit, count: int, seed: int) -> Iterator[Plan]:
    """Yield trees for an oracle, the same for the same seed."""
    for number in range(count):
        yield _Maker(kit, Random(f"{seed} {number}")).plan(f"tree {seed}/{number}")


class _Maker:
    """Makes one tree."""

    def __init__(self, kit: Kit, random: Random) -> None:
        self._kit = kit
        self._random = random
        self._nodes: list[Node] = []
        self._taken: set[str] = set()
        self._markers = 0

    def plan(self, name: str) -> Plan:
        kit, random = self._kit, self._random
        prefix = "{root}/prefix" if kit.has_prefix and random.random() < 0.2 else None
        chosen = {random.choice(_STEMS) for _ in range(random.randint(1, 4))}
        row = DIALECTS[kit.oracle.dialect]
        if (
            "abc" not in residents_of(row).frozen
        ):  # then it is a file, which the oracle has imported
            chosen.discard("abc")
        stems = sorted(chosen)
        modules = self._modules("d", stems, prefix)
        if not any(node.path.startswith("d/") for node in self._nodes):
            self._add(Directory("d"))
        archive = None
        if random.random() < 0.3:
            modules |= self._modules("z", stems, None)
            archive = self._archive()
        paths = _PATHS if archive else (_TREE,)
        questions = [
            Question(module, path, level)
            for module in sorted(modules)
            for path in paths
            for level in _LEVELS
        ]
        return Plan(name, self._nodes, prefix, archive, questions)

    def _modules(self, directory: str, stems: Sequence[str], prefix: str | None) -> set[str]:
        """Add modules to a directory; return the names that an import can ask for."""
        names: set[str] = set()
        for stem in stems:
            self._module(directory, stem, prefix)
            if "." not in stem:
                names |= {stem, *self._package(directory, stem, prefix)}
        return names

    def _archive(self) -> Archive:
        """Return a zip file of what was added to its directory, which goes."""
        inside = [node for node in self._nodes if node.path.startswith("z/")]
        self._nodes = [node for node in self._nodes if node not in inside]
        members = []
        for node in inside:
            name = node.path.removeprefix("z/")
            if isinstance(node, File):
                members.append(Member(name, node.content, time.localtime(T)[:6]))
            elif isinstance(node, Directory):
                members.append(Member(f"{name}/"))
        return Archive(tuple(members))

    def _add(self, node: Node) -> None:
        """Add a node where there is none yet."""
        above = node.path
        while above:
            if above in self._taken and above != os.path.dirname(node.path):
                others = [other for other in self._nodes if other.path == above]
                if above == node.path or not all(isinstance(o, Directory) for o in others):
                    return
            above = os.path.dirname(above)
        parent = os.path.dirname(node.path)
        if any(o.path == parent and not isinstance(o, Directory) for o in self._nodes):
            return
        if any(o.path.startswith(f"{node.path}/") for o in self._nodes):
            return
        self._taken.add(node.path)
        self._nodes.append(node)

    def _marker(self, letter: str) -> str:
        self._markers += 1
        return f"{letter}{self._markers:04}"

    def _source(self) -> bytes:
        return f"import sys; sys.ran.append({self._marker('s')!r})\n".encode()

    def _module(self, directory: str, stem: str, prefix: str | None) -> None:
        """Add what can belong to one module."""
        random = self._random
        source = self._source()
        path = f"{directory}/{stem}.py"
        kind = random.choice(_SOURCES)
        if kind in ("file", "locked"):
            self._add(File(path, source, mode=0o644 if kind == "file" else 0))
        elif kind == "dangling":
            self._add(Link(path, "nowhere"))
        elif kind == "link":
            self._add(File("elsewhere/" + path.replace("/", "_"), source))
            self._add(Link(path, "{root}/elsewhere/" + path.replace("/", "_")))
        elif kind == "directory":
            self._add(Directory(path))
        elif kind == "link to directory":
            self._add(Directory("elsewhere/dir"))
            self._add(Link(path, "{root}/elsewhere/dir"))
        self._extension(directory, stem)
        for suffix in (".pyc", ".pyo"):
            if random.random() < (0.3 if suffix == ".pyc" else 0.1):
                self._cache(f"{directory}/{stem}{suffix}", source)
        self._caches(directory, stem, source, prefix)

    def _caches(self, directory: str, stem: str, source: bytes, prefix: str | None) -> None:
        random, kit = self._random, self._kit
        places = [f"{directory}/__pycache__"]
        if prefix is not None:
            places.append(f"prefix{{root}}/{directory}")
        for place in places:
            if place.endswith("__pycache__") and place not in self._taken:
                self._cache_directory(place)
            for _ in range(random.randint(0, 2)):
                name = random.choice(_NAMES).format(kit.tag or "cpython-312")
                extension = "pyo" if random.random() < 0.05 else "pyc"
                filename = ".".join(part for part in (stem, name, extension) if part)
                self._cache(f"{place}/{filename}", source)

    def _cache_directory(self, path: str) -> None:
        kind = self._random.choice(_PLACES)
        if kind == "file":
            self._add(File(path, b""))
        elif kind == "link":
            target = "elsewhere/" + path.replace("/", "_")
            self._add(Directory(target))
            self._add(Link(path, "{root}/" + target))

    def _extension(self, directory: str, stem: str) -> None:
        kind = self._random.choice(_EXTENSIONS)
        suffixes = self._kit.extensions
        if kind == "none" or not suffixes:
            return
        # The audit asks for this system; Pyodide believes to run on another.
        is_native = self._kit.oracle.kind == "native"
        suffix = {"own": suffixes[0] if is_native else suffixes[-1], "last": suffixes[-1]}.get(
            kind, ".cpython-399-x86_64-linux-gnu.so" if kind == "foreign" else suffixes[-1]
        )
        path = f"{directory}/{stem}{suffix}"
        self._add(Directory(path) if kind == "directory" else File(path, b"none"))

    def _package(self, directory: str, stem: str, prefix: str | None) -> list[str]:
        """Add a directory of the module's name; return its modules."""
        kind = self._random.choice(_PACKAGES)
        path = f"{directory}/{stem}"
        if kind == "none":
            return []
        if kind == "empty":
            self._add(Directory(path))
            return []
        if kind == "link":
            self._add(File("elsewhere/package/__init__.py", self._source()))
            self._add(Link(path, "{root}/elsewhere/package"))
            return []
        source = self._source()
        if kind in ("source", "both"):
            self._add(File(f"{path}/__init__.py", source))
        if kind in ("bytecode", "both"):
            self._cache(f"{path}/__init__.pyc", source)
        if kind == "caches only":
            self._caches(path, "k", source, prefix)
            return []
        self._caches(path, "__init__", source, prefix)
        if self._random.random() < 0.5:
            self._module(path, "k", prefix)
            return [f"{stem}.k"]
        return []

    def _cache(self, path: str, source: bytes) -> None:
        """Add one cache, good or not."""
        kit, kind = self._kit, self._random.choice(_CACHES)
        if kind == "directory":
            self._add(Directory(path))
        elif kind == "dangling":
            self._add(Link(path, "nowhere"))
        else:
            mode = 0 if kind == "locked" else 0o644
            self._add(File(path, self._content(kit, kind, source), mode=mode))

    def _content(self, kit: Kit, kind: str, source: bytes) -> bytes:
        marked = kit.payloads["cache"].replace(b"cache", self._marker("c").encode())
        good = kit.timestamp(source=b"", size_off=len(source))[: kit.header_size]
        headers = {
            "mtime": kit.timestamp(source=b"", size_off=len(source), mtime_off=1),
            "size": kit.timestamp(source=b"", size_off=len(source) + 1),
            "magic": b"\0\0" + good[2:],
            "other Python": (b"\xa7\r\r\n" if kit.magic != b"\xa7\r\r\n" else b"o\r\r\n")
            + good[4:],
            "flags": kit.timestamp(source=b"", size_off=len(source), flags=4),
            "checked": self._hashed(source, 3),
            "checked wrong": self._hashed(source + b"#", 3),
            "unchecked": self._hashed(source, 1),
            "unchecked wrong": self._hashed(source + b"#", 1),
        }
        payloads = {
            "header only": b"",
            "cut": marked[:-20],
            "not code": b"N",
            "unknown": b"?" + marked,
            "null": b"0",
        }
        header = headers.get(kind, good)[: kit.header_size]
        content = header + payloads.get(kind, marked)
        return content[:6] if kind == "short" else content

    def _hashed(self, source: bytes, flags: int) -> bytes:
        from pycinspect.cache import source_hash

        kit = self._kit
        if not kit.has_flags:
            return kit.timestamp(source=b"", size_off=len(source), mtime_off=flags)
        digest = source_hash(source, DIALECTS[kit.oracle.dialect])
        return kit.magic + flags.to_bytes(4, "little") + digest


# --- What the three say ------------------------------------------------------------------


class _Seen(Rule):
    """Keeps every cache file, after its payload was read."""

    id = "XYZ001"
    name = "seen"
    title = ""
    severity = Severity.INFO
    message = ""
    files: list[CacheFile]

    def check_cache(self, cache: CacheFile) -> None:
        self.files.append(cache)

    def check_payload(self, cache: CacheFile, payload: object) -> None:  # type: ignore[override]
        """Make the rule a deep one."""


class _Answer(NamedTuple):
    """What an import did."""

    ran: tuple[str, ...]
    raised: str | None


@dataclass
class _Case:
    """A tree that was built, and what the audit and ``check`` said of it."""

    plan: Plan
    root: Path
    files: list[CacheFile]
    findings: list[Finding]
    states: Mapping[str, int]
    answers: dict[Question, _Answer] = field(default_factory=dict)


def contradictions(kit: Kit, trees: Iterable[Plan]) -> Iterator[Contradiction]:
    """Build trees, ask all, and yield where they contradict each other."""
    row = DIALECTS[kit.oracle.dialect]
    list(python_providers())  # an ordinary user may not read what this needs,
    running_platform()  # and this,
    "a".encode("cp437")  # and what zipfile does
    with workspace() as directory:
        cases = [
            _prepare(kit, row, plan, directory / str(number)) for number, plan in enumerate(trees)
        ]
        for level in _LEVELS:
            _ask(kit, cases, level, directory)
        for case in cases:
            with ordinary_user(case.root):
                texts = list(_Judge(kit, row, case).texts())
            yield from (Contradiction(kit.oracle.name, case.plan, text) for text in texts)
            remove(case.root)


def _prepare(kit: Kit, row: Dialect, plan: Plan, root: Path) -> _Case:
    build(root, plan.nodes)
    if plan.archive is not None:
        (root / _ZIP).write_bytes(plan.archive.to_bytes())
    prefix = None if plan.prefix is None else plan.prefix.format(root=root)
    seen = type("_SeenHere", (_Seen,), {"files": []})
    from pycinspect.auditing import Selection

    policy = Policy(
        selection=Selection(("PYC", "XYZ")), dialect=row, pycache_prefix=prefix, deep=True
    )
    with ordinary_user(root):
        audit = Audit(["d"], (*BUILT_IN, seen), policy)
        findings = list(_findings(audit))
    return _Case(plan, root, seen.files, findings, audit.summary.states)


def _findings(audit: Audit) -> Iterator[Finding]:
    try:
        yield from audit
    except PycInspectError as error:
        if error.slug != "nothing-to-audit":  # nor is there anything to import
            raise


def _ask(kit: Kit, cases: Sequence[_Case], level: int, directory: Path) -> None:
    """Ask the oracle for all modules of all trees at one level."""
    questions = [
        (case, question)
        for case in cases
        for question in case.plan.questions
        if question.level == level
    ]
    request = {
        "task": "imports",
        "user": NOBODY,
        "situations": [_request(kit, case, question) for case, question in questions],
    }
    arguments = ["-B", *(["-" + "O" * level] if level else [])]
    answers: Any = kit.oracle.run(
        CHILD,
        request,
        arguments=arguments,
        environment={"LC_ALL": "C.UTF-8"},
        directories=[directory],
    )
    for (case, question), answer in zip(questions, answers, strict=True):
        if "distorted" not in answer:
            case.answers[question] = _Answer(tuple(answer["ran"]), answer["raised"])


def _request(kit: Kit, case: _Case, question: Question) -> Mapping[str, object]:
    prefix = case.plan.prefix
    return {
        "root": str(case.root),
        "module": question.module,
        "path": [str(case.root / entry) for entry in question.path],
        "dont_write_bytecode": True,
        "check_hash_based_pycs": "default",
        "pycache_prefix": None if prefix is None else prefix.format(root=case.root),
        "umask": 0o022,
        "cache_tag": kit.tag,
        "looks": {
            str(case.root / path): (entry.mode, entry.size, entry.mtime_ns)
            for path, entry in (snapshot(case.root) if kit.oracle.kind != "native" else {}).items()
            if entry.mtime_ns is not None
        },
    }


class _Judge:
    """Holds the answers about one tree against each other; works in its directory."""

    def __init__(self, kit: Kit, row: Dialect, case: _Case) -> None:
        self._kit = kit
        self._row = row
        self._case = case
        self._by_path: dict[str, list[str]] = defaultdict(list)
        for finding in case.findings:
            self._by_path[finding.path].append(finding.rule)

    def texts(self) -> Iterator[str]:
        for question, answer in self._case.answers.items():
            yield from self._module(question, answer)
        for cache in self._case.files:
            yield from self._file(cache)
        yield from self._states()
        yield from self._directories()
        yield from self._one_each()

    def _options(self, level: int) -> ImportOptions:
        prefix = self._case.plan.prefix
        return ImportOptions(
            optimize=level,
            dont_write_bytecode=True,
            pycache_prefix=None if prefix is None else prefix.format(root=self._case.root),
            platform=platform_of(self._kit),
        )

    # --- check and the import ---------------------------------------------------

    def _module(self, question: Question, answer: _Answer) -> Iterator[str]:
        module, entries, level = question
        options = self._options(level)
        path = [str(self._case.root / entry) for entry in entries]
        parent = module.rpartition(".")[0]
        if parent and judge_module(parent, path, self._row, options).reason == "extension-module":
            return  # ours are garbage, of which check knows nothing
        verdict = judge_module(module, path, self._row, options)
        found = find_module(module, path, self._row, options)
        if verdict.reason != "package-fails" and found.path != verdict.found.path:
            yield f"{question}: find_module {found.path}, check {verdict.found.path}"
        if verdict.found.resident is not None:
            if answer.ran:
                yield f"{module}: said to be part of Python, but ran {answer.ran}"
            return
        expected, raised = self._expected(verdict)
        if raised != answer.raised or (expected and answer.ran[-1:] != (expected,)):
            yield f"{question}: check {verdict.message!r}, import {answer}"

    def _expected(self, verdict: Verdict) -> tuple[str | None, str | None]:
        """Return the marker of what runs, and what is raised."""
        if verdict.exception is not None:
            return None, verdict.exception
        if verdict.reason == "extension-module":
            return None, "ImportError"  # ours are garbage
        path = verdict.cache_path if verdict.outcome is Outcome.LOAD else verdict.found.path
        if verdict.outcome not in {Outcome.LOAD, Outcome.RECOMPILE} or path is None:
            return None, None
        return self._marker(path), None

    def _marker(self, path: str) -> str | None:
        """Return the marker in a file, or in a member of the zip file."""
        archive = self._case.plan.archive
        below = os.path.relpath(path, self._case.root / _ZIP)
        if archive is None or below.startswith(os.pardir):
            return _marker_in(path)
        content = next(member.content for member in archive.members if member.name == below)
        return _marker_of(content)

    # --- The audit -------------------------------------------------------------------

    def _file(self, cache: CacheFile) -> Iterator[str]:
        """Compare what is said of one file."""
        judgement, rules = cache.judgement, self._by_path[cache.path]
        told = f"{cache.path}: audit {judgement[:2]} {rules}"
        marker = _marker_in(cache.path)
        ran = [
            question
            for question, answer in self._case.answers.items()
            if marker and marker in answer.ran and question.path == _TREE
        ]
        is_own = cache.reader is self._row
        if ran and (judgement.outcome is not Outcome.LOAD or not is_own):
            yield f"{told}, but it ran in {ran}"
        if not is_own:
            return
        yield from self._check(cache, told)
        module = self._module_of(cache)
        if module is None or self._package_fails(module, _level(cache)):
            return
        answer = self._case.answers.get(Question(module, level=_level(cache)))
        if answer is None:
            return
        if judgement.outcome is Outcome.LOAD and (marker not in answer.ran or answer.raised):
            yield f"{told}, but import {module} {answer}"
        if judgement.outcome is Outcome.RAISE and answer.raised != judgement.exception:
            yield f"{told} raises {judgement.exception}, but import {module} {answer}"
        if judgement.outcome is Outcome.RECOMPILE:
            source = _marker_in(cache.source)
            if answer.raised or source not in answer.ran:
                yield f"{told}, but import {module} {answer}"
        yield from self._rules(cache, rules, answer, told)

    def _rules(
        self, cache: CacheFile, rules: list[str], answer: _Answer, told: str
    ) -> Iterator[str]:
        runs = _marker_in(cache.path) in answer.ran
        source_runs = _marker_in(cache.source) in answer.ran
        wrong = {
            "PYC004": answer.raised is None,
            "PYC101": not source_runs,
            "PYC102": not source_runs,
            "PYC103": not source_runs,
            "PYC104": not runs,
            "PYC106": not runs,
            "PYC201": runs,
            "PYC202": not runs and answer.raised is None,
            "PYC203": runs,
            "PYC207": runs,
            "PYC209": runs,
        }
        for rule in rules:
            if wrong.get(rule, False):
                yield f"{told}: {rule}, but import {answer}"

    def _check(self, cache: CacheFile, told: str) -> Iterator[str]:
        """Compare the audit with ``check`` of the same file."""
        if not os.path.lexists(cache.path) or not os.path.isfile(cache.path):
            return  # check asks about files; of others it says what the import does
        verdict = judge_target(str(Path(cache.path).absolute()), self._row, self._options(0))
        ours = (cache.judgement.outcome, cache.judgement.reason)
        theirs = (verdict.outcome, verdict.reason)
        if verdict.reason == "package-fails" or ours == theirs:
            return
        never = {Outcome.NO_CACHE, Outcome.NOT_FOUND}
        if cache.judgement.outcome in never and verdict.outcome in never:
            return
        yield f"{told}, check {theirs}: {verdict.message}"

    def _module_of(self, cache: CacheFile) -> str | None:
        """Return the name under which a cache's module was imported."""
        below = os.path.relpath(cache.source, self._case.root)
        below = os.path.relpath(os.path.join(self._case.root, cache.source), self._case.root / "d")
        parts = below.removesuffix(".py").split(os.sep)
        if parts[-1] == "__init__":
            parts.pop()
        name = ".".join(parts)
        return name if Question(name) in self._case.answers else None

    def _package_fails(self, module: str, level: int) -> bool:
        package = module.rpartition(".")[0]
        if not package:
            return False
        found = find_module(package, ["d"], self._row, self._options(level))
        above = self._case.answers.get(Question(package, level=level))
        return found.kind is not FinderKind.PACKAGE or above is None or above.raised is not None

    def _states(self) -> Iterator[str]:
        fresh = sum(
            cache.judgement.outcome is Outcome.LOAD and cache.judgement.reason != "sourceless"
            for cache in self._case.files
        )
        if self._case.states.get("fresh", 0) != fresh:
            yield f"{self._case.states} but {fresh} are loaded"

    def _one_each(self) -> Iterator[str]:
        """Say where one fact is told twice."""
        told: dict[str, set[str]] = defaultdict(set)
        for finding in self._case.findings:
            if finding.severity is not Severity.INFO and finding.rule not in _OTHER_FACTS:
                told[finding.path].add(finding.rule)
        for path, rules in told.items():
            if len(rules) > 1:
                yield f"{path}: {sorted(rules)} for one fact"

    def _directories(self) -> Iterator[str]:
        """Compare what is said of directories and sources."""
        for finding in self._case.findings:
            stem = os.path.basename(finding.path).removesuffix(".py")
            answer = self._case.answers.get(Question(stem))
            if answer is None or os.path.dirname(finding.path) != "d":
                continue
            if finding.rule == "PYC204" and (answer.ran or answer.raised):
                yield f"{finding.path}: PYC204, but import {answer}"
            is_source = _marker_in(finding.path) in answer.ran or answer.raised is not None
            if finding.rule == "PYC205" and not is_source:
                yield f"{finding.path}: PYC205, but import {answer}"
            if finding.rule == "PYC210" and os.listdir(finding.path):
                yield f"{finding.path}: PYC210, but it is not empty"


def _level(cache: CacheFile) -> int:
    extension = cache.path.rpartition(".")[2]
    return level_of(cache.ending or NameEnd("", "", extension)) or 0


def _marker_in(path: str) -> str | None:
    """Return the marker in a file; None where it cannot be read or has none."""
    try:
        with open(path, "rb") as stream:
            return _marker_of(stream.read())
    except OSError:
        return _locked_marker(path)


def _marker_of(content: bytes) -> str | None:
    found = re.search(rb"[sc]\d{4}", content)
    return None if found is None else found[0].decode()


def _locked_marker(path: str) -> str | None:
    """Read what an ordinary user may not."""
    if NOBODY is None or not os.path.isfile(path):
        return None
    os.seteuid(0)
    try:
        return _marker_in(path)
    finally:
        os.seteuid(NOBODY)
