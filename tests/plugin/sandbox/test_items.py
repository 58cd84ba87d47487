"""The mark, the hook and the settings."""

from __future__ import annotations

import pytest


def test_mark_presets_the_sandbox(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.pycache(mode="unchecked-hash")

        def test_mode(pycache):
            pycache.write("m", "x = 1")
            pycache.compile("m")
            pycache.edit("m", "x = 2")
            assert pycache.import_("m").stale_hit

        @pytest.mark.pycache(prefix=True, mode="timestamp")
        def test_prefix(pycache):
            pycache.write("m", "x = 1")
            pycache.compile("m")
            pycache.edit("m", "x = 2")
            event = pycache.import_("m")
            assert event.stale and "/caches/" in event.pyc.replace("\\\\", "/")

        @pytest.mark.pycache(prefix="elsewhere")
        def test_named_prefix(pycache):
            pycache.write("m", "x = 1")
            assert "elsewhere" in pycache.import_("m").pyc
        """
    )
    pytester.runpytest().assert_outcomes(passed=3)


def test_not_writable(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os, pytest

        @pytest.mark.pycache(writable=False)
        def test_it(pycache):
            pycache.write("m", "x = 1")
            assert os.geteuid() and pycache.import_("m").why.code == "dir_not_writable"
        """
    )
    result = pytester.runpytest("-rs")
    assert result.parseoutcomes() in ({"passed": 1}, {"skipped": 1})
    if "skipped" in result.parseoutcomes():
        result.stdout.fnmatch_lines(["*chmod is void*"])


@pytest.mark.parametrize(
    ("mark", "message"),
    [("mod='x'", "no argument 'mod'"), ("'x'", "keyword arguments only")],
)
def test_mark_with_nonsense(mark: str, message: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"import pytest\n@pytest.mark.pycache({mark})\ndef test_it(pycache): pass")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*the mark pycache has {message}*"])


def test_hook_is_told_of_events(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_pycinspect_cache_event(item, event):
            print("told", item.name, event.module, event.outcome)
        """
    )
    pytester.makepyfile(
        "def test_it(pycache):\n    pycache.write('a.b', '')\n    pycache.import_('a.b')"
    )
    result = pytester.runpytest("-s")
    result.stdout.fnmatch_lines(["*told test_it a miss", "told test_it a.b miss"])


def test_time_limit_of_children(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(pycache):\n    pycache.run('while True: pass')")
    result = pytester.runpytest("-o", "pycinspect_subprocess_timeout=0.2")
    result.stdout.fnmatch_lines(["*more than 0.2 seconds (pycinspect_subprocess_timeout)"])
