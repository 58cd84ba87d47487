"""Sources that do not compile: ``check`` says what the import raises, on every interpreter."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pycinspect.cache import undecodable
from pycinspect.cli import main
from pycinspect.dialects import DIALECTS
from tests.oracles import WANTED, Oracle, find_oracles

CHILD = Path(__file__).with_name("broken_child.py")

SOURCES: dict[str, bytes] = {
    "ok": b"x = 1\n",
    "syntax": b"x = = 2\n",
    "print2": b'print "py2"\n',
    "exec2": b'exec "x"\n',
    "walrus": b"(x := 1)\n",
    "match": b"match x:\n    case 1: pass\n",
    "indent unexpected": b"x = 1\n  y = 2\n",
    "indent expected": b"if x:\ny = 2\n",
    "dedent": b"if x:\n    y\n  z\n",
    "tab": b"if x:\n        y\n\tz\n",
    "tab2": b"if x:\n\ty\n        z\n",
    "nul end": b"x = 1\0\n",
    "nul mid": b"x = 1\n\0y = 2\n",
    "nul only": b"\0",
    "nul string": b"x = 'a\0b'\n",
    "nul comment": b"# a\0b\nx = 1\n",
    "nul tail": b"x = 1\n\0",
    "nul after error": b"x = = 1\n\0",
    "nul before error": b"\0x = = 1\n",
    "nul cookie": b"# coding: nope\0\n",
    "nul bad utf8": b"x = '\xff'\0\n",
    "cookie unknown": b"# coding: nope\n",
    "cookie unknown2": b"#!x\n# coding: nope\n",
    "cookie third": b"x\n\n# coding: nope\n",
    "cookie second after code": b"x = 1\n# coding: nope\n",
    "cookie second after blank": b"\n# coding: nope\n",
    "cookie second after ff": b"\x0c\n# coding: nope\n",
    "cookie rot13": b"# coding: rot13\n",
    "cookie hex": b"# coding: hex\n",
    "cookie zlib": b"# coding: zlib\nx\n",
    "cookie undefined": b"# coding: undefined\nx\n",
    "cookie utf16": b"# coding: utf-16\nx=1\n",
    "cookie utf7": b"# coding: utf-7\nx=1\n",
    "cookie utf7bad": b"# coding: utf-7\nx='+\xff'\n",
    "cookie idna": b"# coding: idna\nx=1\n",
    "cookie punycode": b"# coding: punycode\nx=1\n",
    "cookie raw": b"# coding: raw_unicode_escape\nx=1\n",
    "cookie unicode escape": b"# coding: unicode_escape\nx='\\x'\n",
    "cookie ascii bad": b"# coding: ascii\nx = '\xc3\xa9'\n",
    "cookie ascii bad comment": b"# coding: ascii\n# \xc3\xa9\n",
    "cookie utf8sig": b"# coding: utf-8-sig\nx = 1\n",
    "cookie latin1": b"# coding: latin-1\nx = '\xff'\n",
    "cookie cp1252 bad": b"# coding: cp1252\nx = '\x81'\n",
    "cookie mbcs": b"# coding: mbcs\nx = 1\n",
    "cookie utf8 bad": b"# coding: utf-8\nx = '\xff'\n",
    "cookie utf8 bad comment": b"# coding: utf-8\n# \xff\n",
    "cookie utf 8 mixed": b"# coding: Utf_8\nx = '\xff'\n",
    "cookie xx": b"# coding: \xff\xfe\n",
    "cookie empty": b"# coding: \nx=1\n",
    "bom cookie": b"\xef\xbb\xbf# coding: latin-1\n",
    "bom cookie unknown": b"\xef\xbb\xbf# coding: nope\n",
    "bom bad": b"\xef\xbb\xbfx = '\xff'\n",
    "bom ok": b"\xef\xbb\xbfx = 1\n",
    "bom partial": b"\xef\xbbx = 1\n",
    "bom16": b"\xff\xfex\0 \0=\0",
    "bad utf8": b"x = '\xff'\n",
    "bad utf8 comment": b"# \xff\nx = 1\n",
    "bad utf8 surrogate": b"x = '\xed\xa0\x80'\n",
    "bad utf8 overlong": b"x = '\xc0\x80'\n",
    "bad utf8 ident": b"\xff = 1\n",
    "bad utf8 late": b"x = 1\n" * 2000 + b"# \xff\n",
    "bad utf8 after error": b"x = = 1\n# \xff\n",
    "good utf8": "x = 'é'\n".encode(),
    "good utf8 ident": "é = 1\n".encode(),
    "return": b"return\n",
    "await": b"await x\n",
    "paren300": b"(" * 300,
    "paren unclosed": b"x = (1,\n",
    "deep minus": b"-" * 5000 + b"1\n",
    "deep list": b"x = " + b"[" * 150 + b"]" * 150 + b"\n",
    "deep plus": b"x = 1" + b"+a" * 20000 + b"\n",
    "deep attr": b"x = a" + b".a" * 5000 + b"\n",
    "deep indent": b"".join(b" " * i + b"if x:\n" for i in range(120)) + b" " * 120 + b"pass\n",
    "big int": b"x = " + b"9" * 5000 + b"\n",
    "bytes nonascii": b"x = b'\xc3\xa9'\n",
    "unicode escape bad": b"x = u'\\N{no such}'\n",
    "unicode escape bad2": b"x = u'\\x1'\n",
    "unterminated": b"x = '''abc\n",
    "invalid char": "x = 1 € 2\n".encode(),
    "nbsp": "x\u00a0= 1\n".encode(),
    "ctrlz": b"x = 1\n\x1a= =\n",
    "cr only": b"x = 1\ry = = 2\r",
    "future": b"from __future__ import nope\n",
    "future braces": b"from __future__ import braces\n",
    "async kw": b"async = 1\n",
    "fstring": b"x = f'{'\n",
    "octal": b"x = 0777\n",
    "backtick": b"x = `1`\n",
    "ne": b"1 <> 2\n",
    "args256": b"f(" + b",".join(b"a%d" % i for i in range(300)) + b")\n",
    "dup arg": b"def f(a, a): pass\n",
    "nonlocal mod": b"nonlocal x\n",
    "continue finally": b"for x in y:\n try: pass\n finally: continue\n",
    "star too many": b"*a, *b = c\n",
    "global after": b"def f():\n x = 1\n global x\n",
    "debug": b"__debug__ = 1\n",
    "none": b"None = 1\n",
    "no newline": b"if x:\n  y",
    "backslash eof": b"x = 1 \\",
    "form feed": b"\x0cx = 1\n",
    "blocks": b"".join(b" " * i + b"for x in y:\n" for i in range(25)) + b" " * 25 + b"pass\n",
}


@pytest.fixture(params=WANTED)
def oracle(request: pytest.FixtureRequest) -> Oracle:
    found = find_oracles().get(request.param)
    if found is None:
        pytest.skip(f"oracle {request.param} is not installed")
    return found


@cache
def real(oracle: Oracle) -> dict[str, str | None]:
    """Return what importing each source raises."""
    # Deep nesting is more than WebAssembly's stack holds: it ends the whole process.
    names = [name for name in SOURCES if oracle.kind == "native" or "deep" not in name]
    answer: Any = oracle.run(CHILD, {"sources": [SOURCES[name].hex() for name in names]})
    return dict(zip(names, answer, strict=True))


def test_check_says_what_the_import_raises(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if oracle.kind != "native":
        pytest.skip("cannot be asked by check")
    names = {name: f"m_{name.replace(' ', '_')}" for name in SOURCES}
    for name, source in SOURCES.items():
        (tmp_path / f"{names[name]}.py").write_bytes(source)
    monkeypatch.chdir(tmp_path)
    directory = os.fspath(oracle.program.parent)
    monkeypatch.setenv("PATH", os.pathsep.join([directory, os.environ["PATH"]]))
    modules = [part for name in names.values() for part in ("-m", name)]
    done = CliRunner().invoke(main, ["check", "--as", oracle.dialect, "--json", *modules])
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    said = dict(zip(SOURCES, answers, strict=True))
    wanted = real(oracle)
    assert {name: said[name]["exception"] for name in said} == wanted
    assert {name: said[name]["compiles"] for name in said} == {
        name: exception is None for name, exception in wanted.items()
    }
    assert not any(answer["writes"] for answer in answers if answer["exception"])


def test_what_is_said_without_asking_is_true(oracle: Oracle) -> None:
    dialect = DIALECTS[oracle.dialect]
    wanted = real(oracle)
    known = {name: undecodable(SOURCES[name], dialect) for name in wanted}
    said = {name: refusal.exception for name, refusal in known.items() if refusal is not None}
    assert said == {name: wanted[name] for name in said}
    assert len(said) >= 10
