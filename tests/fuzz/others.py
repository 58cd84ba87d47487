"""Damaged files that are not caches, but are read beside them: zips, sources, baselines, settings.

Which they are follows from a random source, as with the caches.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import random
import zipfile
from collections.abc import Callable

from tests.containers.makers import (
    bundle,
    conda_1,
    conda_2,
    deb,
    docker,
    oci,
    pyz,
    rpm,
    tar_of,
)
from tests.fuzz.mutants import LARGEST

__all__ = [
    "damaged_archive",
    "damaged_baseline",
    "damaged_digests",
    "damaged_environment",
    "damaged_journal",
    "damaged_settings",
    "damaged_source",
    "damaged_users",
    "damaged_zip",
]

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def damaged_zip(cache: bytes, source: bytes, rng: random.Random) -> bytes:
    """Return a zip file with a cache and its source, whose directory or members are damaged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice(_COMPRESSIONS)) as archive:
        for name in ("m.pyc", "p/__init__.pyc"):
            archive.writestr(zipfile.ZipInfo(name), cache)
        for name in ("m.py", "p/__init__.py", "../x.py", "p/"):
            archive.writestr(zipfile.ZipInfo(name), source)
        archive.comment = rng.choice((b"", b"PK\5\6" + bytes(18)))
    data = bytearray(stream.getvalue())
    directory = data.rfind(b"PK\1\2")
    start = rng.choice((0, directory, len(data) - 22))
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(start, len(data))
        width = rng.choice((1, 1, 2, 4))
        data[place : place + width] = rng.choice(
            (rng.randbytes(width), bytes(width), b"\xff" * width)
        )
    end = rng.choice((len(data), len(data), len(data), rng.randrange(len(data))))
    return bytes(data[:end])[:LARGEST]


def damaged_archive(cache: bytes, source: bytes, rng: random.Random) -> bytes:
    """Return an archive of any kind with a cache and its source, damaged before it is packed, or after."""
    files = {"app/m.py": source, "app/__pycache__/m.cpython-312.pyc": cache, "app/n.pyc": cache}
    plain = rng.choice((_hit, _hit, _as_it_is))

    def pack(data: bytes) -> bytes:
        return rng.choice(_PACKED)(plain(data, rng))

    made = rng.choice(
        (
            lambda: pack(tar_of(files)),
            lambda: pack(docker([files, {"app/.wh.m.py": b"", "app/n.py": source}])),
            lambda: oci([files], pack=pack),
            lambda: deb(files, pack),
            lambda: rpm(files, pack),
            lambda: conda_1(files, {"noarch": "python"}),
            lambda: conda_2(files, {"noarch": "python"}, pack),
            lambda: bundle([("m", b"m", cache[16:]), ("P.pyz", b"z", _modules(cache, plain, rng))]),
            lambda: _wheel(cache, source),
        )
    )()
    return rng.choice((_hit, _as_it_is))(made, rng)[: 4 * LARGEST]


_PACKED = (bytes, gzip.compress, lzma.compress)


def _modules(
    cache: bytes, damage: Callable[[bytes, random.Random], bytes], rng: random.Random
) -> bytes:
    return damage(pyz({"app": (1, cache[16:]), "app.m": (0, cache[16:])}, cache[:4]), rng)


def _wheel(cache: bytes, source: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app/m.py", source)
        archive.writestr("app/__pycache__/m.cpython-312.pyc", cache)
        archive.writestr("app.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("app.dist-info/RECORD", "app/m.py,sha256=x,3\n")
    return stream.getvalue()


def _as_it_is(data: bytes, rng: random.Random) -> bytes:
    return data


def _hit(data: bytes, rng: random.Random) -> bytes:
    """Return bytes of which a few are others, or the end is cut."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 2, 5))):
        place = rng.randrange(len(damaged))
        width = rng.choice((1, 2, 4, 12))
        damaged[place : place + width] = rng.choice(
            (rng.randbytes(width), b"\xff" * width, b"9" * width)
        )
    return bytes(
        damaged[: rng.choice((len(damaged), len(damaged), rng.randrange(len(damaged)))) + 1]
    )


def damaged_source(source: bytes, rng: random.Random) -> bytes:
    """Return a source that a compiler may have trouble with, or its reader."""
    made = rng.choice(_SOURCES)(rng, source)
    place = rng.randrange(len(made) + 1)
    return rng.choice((made, made, made[:place] + rng.randbytes(3) + made[place:]))[:LARGEST]


_CODINGS = (
    b"utf-8",
    b"latin-1",
    b"utf-16",
    b"rot13",
    b"punycode",
    b"hex",
    b"zip",
    b"idna",
    b"x" * 999,
)

_SOURCES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda _, source: source,
    lambda rng, source: b"# coding: " + rng.choice(_CODINGS) + b"\n" + source,
    lambda rng, source: rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\x0c", b"\x1a")) + source,
    lambda rng, _: b"x = " + rng.choice((b"(", b"[", b"-", b"not ")) * rng.choice((50, 5_000, 60_000)),
    lambda rng, _: b"x = " + b"9" * rng.choice((10, 5_000, 60_000)),
    lambda rng, _: b"".join(b" " * depth + b"if x:\n" for depth in range(rng.choice((30, 300)))),
    lambda rng, _: b"x" + rng.choice((b".x", b"()", b"+x", b" if x else x")) * rng.choice((90, 9_000)),
    lambda _, source: source.replace(b"\n", b"\r"),
    lambda rng, _: rng.randbytes(300),
)  # fmt: skip


def damaged_baseline(rng: random.Random) -> bytes:
    """Return what may be a baseline of the audit."""
    good = {
        "schema": "pycinspect.baseline/2",
        "accepted": [
            {
                "rule": "PYC101",
                "path": "src/__pycache__/m.pyc",
                "digest": None,
                "reason": "x",
                "expires": "2027-01-31",
            }
        ],
    }
    return _damaged_text(json.dumps(good), _JSON_VALUES, rng)


def damaged_journal(tree: str, rng: random.Random) -> bytes:
    """Return what may be the journal of ``pycinspect fix``, about a tree that is there."""
    state = {
        "kind": "regular file",
        "digest": "sha256:0",
        "mode": 420,
        "uid": 0,
        "gid": 0,
        "mtime_ns": 0,
        "size": 0,
        "links": 1,
    }
    step = {
        "step": 1,
        "action": rng.choice(("delete", "recompile", "chmod", "remove-directory")),
        "rules": [],
        "tree": 0,
        "path": rng.choice(("m.pyc", "src/m.py", "src/none")),
        "before": state,
        "after": rng.choice((state, None)),
        "kept": "000001",
        "temporary": "m.pyc.1",
    }
    first = {"schema": "pycinspect.journal/1", "began": "", "trees": [tree]}
    good = f"{json.dumps(first)}\n{json.dumps(step)}\n"
    return _damaged_text(good, _JSON_VALUES, rng)


def damaged_digests(rng: random.Random) -> bytes:
    """Return what may be a list of digests, as ``sha256sum`` writes it."""
    lines = [f"{'0' * 64}  src/m.pyc", f"\\{'a' * 128} *a\\n.pyc", f"SHA384 (x y) = {'F' * 96}"]
    return _damaged_text("\n".join(lines), ("\\", " ", "0" * 64, "(", "\r", "SHA256"), rng)


def damaged_settings(rng: random.Random) -> bytes:
    """Return what may be a ``pyproject.toml``."""
    good = (
        "[tool.pycinspect.audit]\nselect = ['PYC']\nignore = []\nfail-on = 'error'\n"
        "user = 5\nread-only = true\nmax-files = 5\nmax-seconds = 1.5\nlevels = [0, 1]\nper-path-ignores = {'*' = ['PYC1']}\n"
    )
    return _damaged_text(good, _TOML_VALUES, rng)


def damaged_environment(rng: random.Random) -> bytes:
    """Return what may be the variables of a process, in one of their forms."""
    variables = ["PATH=/usr/bin", "PYTHONOPTIMIZE=2", "PYTHONPYCACHEPREFIX=/p", "A=\u20ac"]
    forms = (
        "\n".join(variables),
        "\0".join(variables),
        json.dumps([{"Config": {"Env": variables}}]),
    )
    return _damaged_text(rng.choice(forms), _JSON_VALUES, rng)


def damaged_users(rng: random.Random) -> bytes:
    """Return what may be the list of users, or of groups, of an image."""
    rows = ["root:x:0:0::/:/bin/sh", "app:x:1000:1000::/:", "www:x:33:app,root"]
    good = "\n".join(rng.choices(rows, k=4))
    return _damaged_text(good.replace(":", "="), _JSON_VALUES, rng).replace(b"=", b":")


_JSON_VALUES = (
    "null", "[]", "{}", "1e999", "NaN", '"\\ud800"', '"\\u0000"', '"\\u001b[31m"', "-0",
    "9" * 5_000, "[" * 50_000, '{"a":' * 9_000, '"x"', "true", "{",
)  # fmt: skip
_TOML_VALUES = (
    "[]", "{}", "1e999", "nan", '"\\u0000"', "'\x1b[31m'", "9" * 5_000, "-1", "0", "true",
    "[" * 20_000, "{a=" * 5_000, "1979-05-27", "'PYC9'", "[[]]", "{'[' = ['PYC']}", "'" * 3,
    "a." * 20_000 + "b = 1",
)  # fmt: skip


def _damaged_text(text: str, values: tuple[str, ...], rng: random.Random) -> bytes:
    """Put a strange value in the place of another, or change characters."""
    if rng.random() < 0.2:
        return rng.choice(values).encode("utf-8")
    starts = [i + 1 for i, letter in enumerate(text) if letter in ":=[,"]
    start = rng.choice(starts)
    end = next((i for i in range(start + 1, len(text)) if text[i] in ",]}\n"), len(text))
    changed = bytearray((text[:start] + rng.choice(values) + text[end:]).encode("utf-8"))
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)[:LARGEST]
