"""Rules about what the code of a cache says, without compiling its source again."""

from __future__ import annotations

import base64
import dis
import hashlib
import marshal
import os
import random
import string
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import CodeType

import pytest

from pycinspect.auditing import PROFILES, Audit, Policy, Selection, Severity
from pycinspect.auditing.capabilities import CAPABILITIES, names_missing_in
from pycinspect.auditing.digests import read_digests
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import source_hash
from pycinspect.errors import PycInspectError
from tests.audit.kit import MTIME, RUNNING, SOURCE, Tree, checked, row, timestamp, unchecked
from tests.canonical.programs import program

HASH = source_hash(SOURCE, RUNNING)
CLEAN = b"import os\n\ndef listed(place):\n    return os.listdir(place)\n"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def _code(source: bytes | str, name: str = "m.py") -> CodeType:
    code: CodeType = compile(source, name, "exec", dont_inherit=True)
    return code


def _add(tree: Tree, code: CodeType, source: bytes = CLEAN) -> Path:
    """Write a module ``m``, and any code as its fresh cache."""
    tree.source("m.py", source)
    header = timestamp(RUNNING, MTIME, len(source))
    return tree.cache("m.py", header, payload=marshal.dumps(code))


def _said(tree: Tree, *rules: str, policy: Policy | None = None) -> list[tuple[str, Severity, str]]:
    chosen = replace(policy or Policy(), selection=Selection(rules))
    return [(found.rule, found.severity, found.message) for found in tree.audit(chosen)]


# --- PYC401, PYC402: where the code says that it comes from ------------------------------------------


@pytest.mark.parametrize(
    ("path", "elsewhere", "leak"),
    [
        ("{root}/m.py", False, ""),
        ("m.py", False, ""),
        ("tree/m.py", False, ""),
        ("<string>", False, ""),
        ("other/m.py", True, ""),
        ("/usr/lib/python3/dist-packages/m.py", True, ""),
        ("/home/ann/app/m.py", True, "a home directory of ann"),
        ("C:\\Users\\Ann B\\app\\m.py", True, "a home directory of Ann B"),
        ("/Users/ann/m.py", True, "a home directory of ann"),
        ("/root/m.py", True, "a home directory of root"),
        ("/tmp/pip-target-1ab/lib/python/m.py", True, "a temporary directory"),
        ("/private/var/folders/x1/T/m.py", True, "a temporary directory"),
        ("/builddir/build/BUILD/m.py", True, "a directory of a build"),
        ("/opt/rpmbuild/BUILD/m.py", True, "a directory of a build"),
        ("/homes/ann/m.py", True, ""),
        ("/tmpfiles/m.py", True, ""),
    ],
)
def test_where_code_comes_from(tree: Tree, path: str, elsewhere: bool, leak: str) -> None:
    _add(tree, _code(CLEAN, path.format(root=tree.root)))
    found = {f.rule: f.message for f in _of(tree, "PYC401", "PYC402")}
    assert ("PYC401" in found) == elsewhere
    assert found.get("PYC402", "").endswith(leak)
    assert ("PYC402" in found) == bool(leak)


def _of(tree: Tree, *rules: str) -> Iterator[object]:
    policy = Policy(selection=Selection(rules))
    return (found for found in tree.audit(policy) if "m." in os.path.basename(found.path))


def test_paths_are_counted_where_nobody_asks(tree: Tree) -> None:
    _add(tree, _code(CLEAN, "/home/ann/m.py"))
    run = Audit([tree.root], BUILT_IN, Policy(deep=True))
    assert not [found for found in run if found.rule in {"PYC401", "PYC402"}]
    assert (run.summary.statistics["PYC401"], run.summary.statistics["PYC402"]) == (1, 1)
    assert all("PYC402" in PROFILES[name].lists for name in ("distro", "repro", "wheel"))


@pytest.mark.parametrize(
    ("name", "is_other"),
    [
        ("/a/n.py", True),
        ("n.pyw", True),
        ("C:\\a\\n.py", True),
        ("/a/M.py", True),
        ("/a/m.py", False),
        ("C:\\a\\m.pyw", False),
        ("<frozen n>", False),
        ("/a/n", False),
        ("/a/n.html", False),
    ],
)
def test_another_module_s_name_is_a_warning(tree: Tree, name: str, is_other: bool) -> None:
    _add(tree, _code(CLEAN, name))
    found = tree.audit(Policy(deep=True))
    assert [f.rule for f in found if f.severity is Severity.WARNING] == ["PYC401"] * is_other


def test_the_name_of_a_cache_without_a_source_counts_too(tree: Tree) -> None:
    header = timestamp(RUNNING, MTIME, len(CLEAN))
    tree.file("a.b.pyc", header + marshal.dumps(_code(CLEAN, "/x/a.b.py")))
    tree.file("other.pyc", header + marshal.dumps(_code(CLEAN, "/x/a.py")))
    found = [f for f in tree.audit(Policy(deep=True)) if f.rule == "PYC401"]
    assert [tree.relative(f.path) for f in found] == ["other.pyc"]


# --- PYC405, PYC406: what depends on the run ----------------------------------------------------------


def test_marks_are_counted_on_request(tree: Tree) -> None:
    _add(tree, _code(CLEAN))
    assert not {"PYC405", "PYC406", "PYC407"} & {f.rule for f in tree.audit(Policy(deep=True))}
    said = [message for _, _, message in _said(tree, "PYC405")]
    assert any("are not referred to; 0 interned strings" in message for message in said)


_SET = b">\x03\x00\x00\x00" + 3 * b"s\x01\x00\x00\x00%b"


@pytest.mark.parametrize(("members", "count"), [((b"1", b"2", b"3"), 0), ((b"3", b"2", b"1"), 1)])
def test_the_order_of_a_set(tree: Tree, members: tuple[bytes, ...], count: int) -> None:
    """Two could be in either order: whether each is marked is not known, and counts."""
    code = _code("y = x in {b'1', b'2', b'3'}")
    payload, spelled = marshal.dumps(code, 2), _SET % members
    start = payload.index(_SET[:5])
    ordered = payload[:start] + spelled + payload[start + len(spelled) :]
    assert marshal.loads(ordered) == code
    tree.source("m.py")
    tree.cache("m.py", payload=ordered)
    assert len(_said(tree, "PYC406")) == count
    policy = Policy(deep=True, lists=PROFILES["repro"].lists)
    assert sum(f.rule == "PYC406" for f in tree.audit(policy)) == count


@pytest.mark.parametrize("hash_seed", range(4))
def test_this_python_s_sets_are_in_order(tree: Tree, hash_seed: int) -> None:
    """It sorts them, whatever the members are (3.11)."""
    rng = random.Random(hash_seed)
    words = ["".join(rng.choices(string.ascii_letters + " é", k=3)) for _ in range(20)]
    values = [
        *words,
        *(rng.randrange(-9, 1 << 40) for _ in range(9)),
        None,
        True,
        2.5,
        b"b",
        (1, "a"),
    ]
    _add(tree, _code(f"y = x in {{{', '.join(map(repr, values))}}}"))
    assert _said(tree, "PYC406") == []


# --- PYC407: one source in two trees -------------------------------------------------------------------


def _two(tmp_path: Path, one: CodeType, other: CodeType, source: bytes = CLEAN) -> list[str]:
    trees = [Tree(tmp_path / name) for name in ("one", "two")]
    _add(trees[0], one)
    _add(trees[1], other, source)
    policy = Policy(selection=Selection(("PYC407",)))
    run = Audit([tree.root for tree in trees], BUILT_IN, policy)
    return [f"{f.severity}: {f.message.partition('source: ')[2]}" for f in run]


def test_copies_that_differ_are_told_with_the_cause(tmp_path: Path) -> None:
    plain = _code(CLEAN)
    assert _two(tmp_path / "a", plain, plain) == []
    moved = _two(tmp_path / "b", plain, _code(CLEAN, "/elsewhere/m.py"))
    assert moved == ["info: compiled under another path"]
    changed = _code(CLEAN.replace(b"listdir", b"walkdir"))
    assert _two(tmp_path / "c", plain, changed) == ["warning: names"]
    assert _two(tmp_path / "d", plain, changed, CLEAN.replace(b"listdir", b"walkdir")) == []


def test_stale_copies_say_nothing(tmp_path: Path) -> None:
    trees = [Tree(tmp_path / name) for name in ("one", "two")]
    for tree, text in zip(trees, (b"x = 1", b"x = 2"), strict=True):
        _add(tree, _code(text))
        tree.source("m.py", CLEAN, MTIME + 1)
    policy = Policy(selection=Selection(("PYC407",)))
    assert list(Audit([tree.root for tree in trees], BUILT_IN, policy)) == []


# --- PYC504: what nothing uses ---------------------------------------------------------------------------


def _nested(root: CodeType, **changes: object) -> CodeType:
    """Return a module whose first function has other fields."""
    consts = list(root.co_consts)
    place = next(i for i, value in enumerate(consts) if isinstance(value, CodeType))
    consts[place] = consts[place].replace(**changes)
    return root.replace(co_consts=tuple(consts))


FUNCTION = next(value for value in _code(CLEAN).co_consts if isinstance(value, CodeType))
_LOAD, _RETURN = (dis.opmap[name] for name in ("LOAD_CONST", "RETURN_VALUE"))
_DEAD = FUNCTION.co_code + bytes([_LOAD, 0, _RETURN, 0])
_KEEPS_CONSTANTS = RUNNING.bytecode is not None and RUNNING.bytecode.keeps_constants


@pytest.mark.skipif(_KEEPS_CONSTANTS, reason="its compiler leaves constants")
def test_a_constant_that_nothing_loads(tree: Tree) -> None:
    _add(tree, _nested(_code(CLEAN), co_consts=(*FUNCTION.co_consts, "hidden", 7)))
    ((_, severity, message),) = _said(tree, "PYC504")
    place = len(FUNCTION.co_consts)
    assert message == f"in listed, nothing loads constant {place}, 'hidden', and 1 more"
    assert severity is Severity.WARNING


def test_instructions_that_nothing_leads_to(tree: Tree) -> None:
    _add(tree, _nested(_code(CLEAN), co_code=_DEAD))
    ((_, _, message),) = _said(tree, "PYC504")
    assert message == "in listed, nothing leads to the last 2 instructions, from LOAD_CONST on"


@pytest.mark.skipif(_KEEPS_CONSTANTS, reason="its compiler leaves constants")
def test_a_leftover_yields_to_the_comparison(tree: Tree) -> None:
    """But where the code means what the source does, it is all that is told."""
    policy = Policy(verify=True, selection=Selection(("PYC501", "PYC504")))
    for changes, rule in (
        ({"co_consts": (*FUNCTION.co_consts, "hidden")}, "PYC501"),
        ({"co_code": _DEAD}, "PYC504"),
    ):
        path = _add(tree, _nested(_code(CLEAN), **changes))
        found = [f.rule for f in tree.audit(policy) if f.path == os.fspath(path)]
        assert found == [rule]


def test_older_compilers_leave_things(tree: Tree) -> None:
    """Nothing is said of those: an old compiler's folded constant is no finding."""
    assert row("cpython-3.9").bytecode.keeps_dead_code
    assert row("cpython-3.11").bytecode.keeps_constants
    assert not row("cpython-3.12").bytecode.keeps_constants
    assert not row("cpython-3.10").bytecode.keeps_dead_code


# --- PYC506: code that hides what it does ---------------------------------------------------------------

NOISE = random.Random(1).randbytes(3000)
PACKED = zlib.compress(b" ".join(program(seed).encode() for seed in range(20)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("from pyarmor_runtime_000000 import __pyarmor__", "a name of PyArmor"),
        ("import pytransform\npytransform.pyarmor_runtime()", "a name of PyArmor"),
        ("import sourcedefender", "a name of SOURCEdefender"),
        (f"exec({NOISE!r})", "3,000 bytes with 7.9 bits each stand beside exec"),
        (f"import marshal\nexec(marshal.loads({PACKED!r}))", "stand beside exec, loads"),
        (
            f"import base64\neval(base64.b64decode({base64.b64encode(NOISE)!r}))",
            "4,000 bytes with 6.0",
        ),
        (
            f"exec(decode({base64.b85encode(NOISE).decode()!r}))",
            "3,750 characters with 6.4 bits each",
        ),
        (f"def f():\n    exec(decode(({base64.encodebytes(NOISE).decode()!r}, 1)[0]))", "in f"),
        # Near misses: data that nobody runs, text that is run, little data.
        (f"ICON = {NOISE!r}", None),
        (f"ICON = {NOISE!r}\ndef f(x):\n    return eval(x)", None),
        (f"exec({program(3)!r})", None),
        (f"exec({'x = 1 # ' * 500!r})", None),
        (f"exec({NOISE[:300]!r})", None),
        (f"exec({string.printable * 5!r})", None),
        ("import armor, pyarmored, my_pytransform", None),
    ],
)
def test_code_that_hides_what_it_does(tree: Tree, source: str, words: str | None) -> None:
    _add(tree, _code(source))
    said = [message for _, _, message in _said(tree, "PYC506")]
    assert [words in message for message in said] == [True] * (words is not None)


# --- PYC507: what the source does not name ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "made", "told"),
    [
        (CLEAN, CLEAN + b"import socket\n", "network (socket)"),
        (CLEAN, CLEAN + b"import urllib.request\n", "network (urllib.request)"),
        (CLEAN, CLEAN + b"def f():\n    os.system('ls')\n", "other programs (system)"),
        (CLEAN, CLEAN + b"exec(os)\n", "code made at run time (exec)"),
        (b"import sockets\n", b"import socket\n", "network (socket)"),
        (b"x = '# coding: x'", b"import ctypes", "native code (ctypes)"),
        (CLEAN + b"import socket\n", CLEAN + b"import socket\nsocket.x\n", None),
        (b"import os . path, urllib . request", b"import urllib.request", None),
        (CLEAN, CLEAN + b"socket = 1\n", None),  # a variable that nothing imports
        (b"# coding: utf-7\nimport +AHM-ocket", b"import socket", None),
        ("import \u017focket".encode(), b"import socket", None),
        (CLEAN, CLEAN, None),
    ],
)
def test_what_the_source_does_not_name(
    tree: Tree, source: bytes, made: bytes, told: str | None
) -> None:
    _add(tree, _code(made), source)
    said = [(severity, message) for _, severity, message in _said(tree, "PYC507")]
    if told is None:
        assert said == []
    else:
        ((severity, message),) = said
        assert severity is Severity.SECURITY
        assert message.endswith(f"m.py does not name: {told}")


def test_no_name_of_a_compiler_s_own_is_missing() -> None:
    """Every name of the table, wherever a program has it, is a word of its source."""
    everything = sorted(
        frozenset[str]().union(*(c.modules | c.names for c in CAPABILITIES.values()))
    )
    source = "".join(f"import {name}\nx.{name}\n" for name in everything if name.isidentifier())
    code = _code(source)
    assert names_missing_in(source.encode(), code.co_names) == []
    assert names_missing_in(b"", everything) == everything


def test_what_code_without_a_source_could_do(tree: Tree) -> None:
    header = timestamp(RUNNING, MTIME, 1)
    tree.file("m.pyc", header + marshal.dumps(_code("import socket, subprocess\nexec(x)")))
    tree.file("n.pyc", header + marshal.dumps(_code("import json", "n.py")))
    ((_, severity, message),) = _said(tree, "PYC507")
    assert severity is Severity.INFO
    assert message == (
        "has no source to compare with, and what it could do is: network (socket);"
        " other programs (subprocess); code made at run time (exec)"
    )


def test_stale_and_orphaned_code_is_not_compared(tree: Tree) -> None:
    path = _add(tree, _code("import socket"))
    tree.source("m.py", CLEAN, MTIME + 1)
    assert _said(tree, "PYC507") == []
    (tree.root / "m.py").unlink()
    assert path.exists()
    assert _said(tree, "PYC507") == []


# --- PYC508, PYC511: headers ------------------------------------------------------------------------------


def test_unchecked_caches_count_in_trees_that_are_not_trusted(tree: Tree) -> None:
    tree.module("one.py", unchecked(RUNNING, HASH))
    tree.module("two.py", checked(RUNNING, HASH))
    assert "PYC508" in PROFILES["security"].lists
    for policy in (Policy(), Policy(deep=True)):
        assert "PYC508" not in {found.rule for found in tree.audit(policy)}
    listed = tree.audit(Policy(lists=PROFILES["security"].lists))
    found = [f for f in listed if f.rule == "PYC508"]
    assert [(f.severity, tree.relative(f.source or "")) for f in found] == [
        (Severity.SECURITY, "one.py")
    ]


def test_one_whose_source_differs_has_one_finding(tree: Tree) -> None:
    tree.module("one.py", unchecked(RUNNING, bytes(8)))
    assert [rule for rule, _, _ in _said(tree, "PYC104", "PYC508")] == ["PYC104"]


def test_what_a_checked_hash_is_not(tree: Tree) -> None:
    tree.module("one.py", checked(RUNNING, HASH))
    tree.module("two.py", checked(RUNNING, HASH))
    assert "PYC511" not in {found.rule for found in tree.audit(Policy(deep=True))}
    ((_, _, message),) = _said(tree, "PYC511")
    assert message.startswith("2 caches with a checked source hash: ")


# --- PYC510: names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a\x1b[2J", "has a control character, U+001B"),
        ("a\u202eb", "has an invisible character or one that changes the direction of writing"),
        ("a\u200bb", "U+200B"),
        ("a\ud800", "has a lone surrogate, U+D800"),
        ("\u017focket", "is not what the compiler would write, 'socket'"),
        ("n" * 1001, "has 1,001 characters"),
        ("\u210c", "is not what the compiler would write, 'H'"),
        ("größe", None),
        ("n" * 1000, None),
        ("@py_assert1", None),
        (".0", None),
        ("变量", None),
    ],
)
@pytest.mark.parametrize("field", ["co_names", "co_varnames", "co_name"])
def test_names_that_deceive(tree: Tree, name: str, problem: str | None, field: str) -> None:
    value = name if field == "co_name" else (name, *getattr(FUNCTION, field)[1:])
    _add(tree, _nested(_code(CLEAN), **{field: value}))
    said = [message for _, _, message in _said(tree, "PYC510")]
    assert [problem in message for message in said] == [True] * (problem is not None)
    assert all(message.isprintable() for message in said)


# --- PYC512: digests ----------------------------------------------------------------------------------------


def _listing(tree: Tree, line: str = "{digest}  {path}\n", algorithm: str = "sha256") -> Path:
    """Write what sha256sum writes of the caches of a tree, beside it."""
    target = tree.root.parent / "known"
    caches = sorted(tree.root.rglob("*.pyc"))
    lines = (
        line.format(
            digest=hashlib.new(algorithm, cache.read_bytes()).hexdigest(),
            path=cache.relative_to(target.parent),
        )
        for cache in caches
    )
    target.write_text("".join(lines), "utf-8")
    return target


def _compared(tree: Tree, listing: Path) -> dict[str, str]:
    policy = Policy(selection=Selection(("PYC512",)), digests=read_digests(str(listing)))
    return {tree.relative(f.path): f.message.partition(str(listing))[0] for f in tree.audit(policy)}


@pytest.mark.parametrize(
    ("line", "algorithm"),
    [
        ("{digest}  {path}\n", "sha256"),
        ("{digest} *{path}\n", "sha512"),
        ("SHA384 ({path}) = {digest}\n", "sha384"),
    ],
)
def test_what_somebody_vouches_for(tree: Tree, line: str, algorithm: str) -> None:
    cache, gone = tree.module("one.py"), tree.module("two.py")
    listing = _listing(tree, line, algorithm)
    assert _compared(tree, listing) == {}
    cache.write_bytes(cache.read_bytes()[:-1] + b"?")
    gone.unlink()
    added = tree.module("new.py")
    assert _compared(tree, listing) == {
        tree.relative(os.fspath(cache)): "has another digest than ",
        tree.relative(os.fspath(gone)): "is in ",
        tree.relative(os.fspath(added)): "is not in ",
    }


def test_without_digests_nothing_is_compared(tree: Tree) -> None:
    assert _said(tree, "PYC512") == []


def test_code_that_nobody_can_read_is_compared_all_the_same(tree: Tree) -> None:
    cache = tree.module("one.py", bytes(16))
    listing = _listing(tree)
    cache.write_bytes(bytes(17))
    assert list(_compared(tree, listing).values()) == ["has another digest than "]


def test_names_with_line_breaks_are_read(tree: Tree) -> None:
    listing = tree.file("known", rb"\%s  a\nb\\c.pyc" % (b"0" * 64))
    (path,) = read_digests(str(listing)).by_path
    assert os.path.basename(path) == "a\nb\\c.pyc"


@pytest.mark.parametrize("line", [b"0" * 32 + b"  md5.pyc", b"hello", b"0" * 64, b"MD5 (x) = 00"])
def test_what_is_no_digest_is_refused(tree: Tree, line: bytes) -> None:
    listing = tree.file("known", b"\n" + line + b"\n")
    with pytest.raises(PycInspectError, match="line 2 is not a SHA-256") as caught:
        read_digests(str(listing))
    assert caught.value.slug == "bad-setting"
