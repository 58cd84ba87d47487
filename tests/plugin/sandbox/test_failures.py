"""What a failed test of a cache shows, whole: ``goldens/*.txt``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GOLDENS = Path(__file__).with_name("goldens")
CASES = {
    "stale_by_time": """
        def test_it(pycache):
            pycache.write("m", "x = 1\\n", mtime=1_700_000_000)
            pycache.compile("m")
            pycache.touch("m", "+10s")
            event = pycache.import_("m")
            assert event.hit
        """,
    "stale_by_hash_below_a_prefix": """
        def test_it(pycache):
            pycache.prefix()
            pycache.write("m", "x = 1\\n", mtime=1_700_000_000)
            pycache.compile("m", "checked-hash")
            pycache.corrupt("m", hash=b"01234567")
            run = pycache.run("import m", flags=["-B", "--check-hash-based-pycs", "always"])
            assert run["m"].outcome == "stale_hit"
        """,
    "of_another_python": """
        import pytest

        @pytest.mark.pycache(mode="unchecked-hash")
        def test_it(pycache):
            pycache.write("pkg.m", "x = 1\\n", mtime=1_700_000_000)
            pycache.compile("pkg.m")
            pycache.corrupt("pkg.m", magic="3.8")
            assert pycache.import_("pkg.m").written == "created"
        """,
    "damaged": """
        def test_it(pycache):
            pycache.write("m", "x = 1\\n", mtime=1_700_000_000)
            pycache.compile("m")
            pycache.corrupt("m", payload=b"N")
            pycache.optimize(1)
            pycache.optimize(0)
            assert not pycache.import_("m").invalid
        """,
    "no_assertion": """
        def test_it(pycache):
            pycache.write("m", "x = 1\\n", mtime=1_700_000_000)
            pycache.import_("m")
            raise ValueError("something else")
        """,
}


def _comparable(text: str) -> str:
    """Return a report without what differs from place to place and from Python to Python."""
    text = re.sub(r"/\S*/pycache\d+(?=/project)", "<directory>", text)
    text = re.sub(r"cpython-3\.1\d", "cpython-3.xx", text)
    text = re.sub(r"cpython-31\d", "cpython-3xx", text)
    text = re.sub(r"Python 3\.1\d\.\d+", "Python 3.xx", text)
    text = re.sub(r"(code ran\s+)[0-9a-f]{12}", r"\1<digest>", text)
    text = re.sub(r"mode 0o\d+", "mode <umask>", text)
    text = re.sub(r"[0-9a-f]{16}", "<hash of source>", text)
    return re.sub(r" in [\d.]+s", "", text)


def _report(case: str, pytester: pytest.Pytester, *options: str) -> str:
    pytester.makepyfile(CASES[case])
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider", *options)
    result.assert_outcomes(failed=1)
    text = re.split(r"(?m)^>  ", result.stdout.str())[1]
    return _comparable(re.split(r"(?m)^=+ short test summary", text)[0]) + "\n"


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for name in ("CI", "PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("case", CASES)
def test_report_of_a_failure(case: str, pytester: pytest.Pytester) -> None:
    assert _report(case, pytester) == (GOLDENS / f"{case}.txt").read_text("utf-8")


def test_report_comes_through_workers(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CASES["stale_by_time"])
    result = pytester.runpytest("-n", "1", "-p", "no:randomly")
    result.stdout.fnmatch_lines(["*- pycache sandbox -*", "  expected  hit", "timeline"])


@pytest.mark.parametrize("options", [["-vv"], ["--color=yes"], ["--assert=plain"]])
def test_section_is_whole_whatever_is_shown(options: list[str], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CASES["stale_by_time"])
    result = pytester.runpytest("-p", "no:randomly", *options)
    result.stdout.fnmatch_lines(
        ["  expected  hit", "*^^^^^^^^^^", "  4. import_ m: <CacheEvent m*"]
    )


def test_a_test_that_passes_has_no_section(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(pycache):\n    pycache.write('m', '')\n    pycache.import_('m')"
    )
    assert "pycache sandbox" not in pytester.runpytest("-rA").stdout.str()
