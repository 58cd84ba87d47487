"""Functions that are run elsewhere, and how they are specialised then."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

FUNCTIONS = """
    import functools, os, sys, time, types
    import pytest
    from pycinspect.errors import PycInspectError
    from pytest_pycinspect.view.names import VacuousCheckError

    def add(a, b):
        assert a is not None
        return a + b

    class Point:
        def __init__(self, x):
            self.x = x
        def moved(self, by):
            return self.x + by

    def attribute(point):
        return point.x

    @functools.lru_cache
    def cached(a, b):
        return a + b

    def generated(n):
        for i in range(n):
            yield i + 1

    async def awaited(a, b):
        return a + b

    async def asynchronous(n):
        for i in range(n):
            yield i + 1
"""


@pytest.fixture
def passes(pytester: pytest.Pytester) -> Passes:
    """Return a function that runs a test's text beside the functions above."""

    def run(body: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=f"{FUNCTIONS}\n{_indented(body)}")
        patience = "pycinspect_subprocess_timeout=90"  # seconds, on a busy machine
        result = pytester.runpytest("-p", "no:randomly", "-o", patience, *options)
        assert result.ret == pytest.ExitCode.OK, result.stdout.str()
        return result

    return run


Passes = Callable[..., pytest.RunResult]


def _indented(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body), "    ")


SPECIALISED = (
    ("add, 1, 2", "BINARY_OP_ADD_INT"),
    ("add, 1.5, b=2.5", "BINARY_OP_ADD_FLOAT"),
    ("add, 'a', 'b'", "BINARY_OP_ADD_UNICODE"),
    ("attribute, Point(1)", "LOAD_ATTR_INSTANCE_VALUE"),
    ("Point(1).moved, 2", "BINARY_OP_ADD_INT"),
    ("cached, 1, 2", "BINARY_OP_ADD_INT"),
    ("generated, 5", "BINARY_OP_ADD_INT"),
    ("awaited, 1, 2", "BINARY_OP_ADD_INT"),
    ("asynchronous, 5", "BINARY_OP_ADD_INT"),
)


def test_what_ran_is_specialised(passes) -> None:
    passes("".join(
        f"""
    def test_{number}(specialized):
        assert {name!r} in specialized({call})
"""
        for number, (call, name) in enumerate(SPECIALISED)
    ))  # fmt: skip


def test_a_function_is_new_for_each_test(passes) -> None:
    passes("""
    @pytest.mark.parametrize("values", [(1, 2), (1.5, 2.5), ("a", "b"), (1, 2)])
    def test_it(specialized, values):
        names = {int: "INT", float: "FLOAT", str: "UNICODE"}
        seen = [name for name in names.values() if f"BINARY_OP_ADD_{name}" in [
            instr.opname for instr in specialized(add, *values)]]
        assert seen == [names[type(values[0])]]

    def test_few_calls(specialized):
        assert "BINARY_OP_ADD_INT" not in [i.opname for i in specialized(add, 1, 2, times=1)]

    @pytest.mark.parametrize("times", [0, -1])
    def test_no_calls(specialized, times):
        with pytest.raises(VacuousCheckError, match="what is not called is not specialised"):
            specialized(add, 1, 2, times=times)
        with pytest.raises(VacuousCheckError, match="what is not called is not specialised"):
            specialized(add, 1, 2).then(1.5, 2, times=times)
    """)


def test_functions_inside_of_tests(passes) -> None:
    passes("""
    def test_closure(specialized):
        step = 3
        def stepped(x, *, more=1):
            return x + step
        assert "BINARY_OP_ADD_INT" in specialized(stepped, 2)

    def test_recursion(specialized):
        def factorial(n):
            return n * factorial(n - 1) if n else 1
        assert "BINARY_OP_MULTIPLY_INT" in specialized(factorial, 5)

    def test_lambda(specialized):
        assert "BINARY_OP_ADD_INT" in specialized(lambda a, b=2: a + b, 1)

    def test_printing(specialized):
        def noisy(a):
            print("x" * 100_000)
            os.write(1, b"y" * 1000)
            return a + 1
        assert "BINARY_OP_ADD_INT" in specialized(noisy, 5)

    def test_types_of_the_test_module(specialized):
        assert "BINARY_OP_ADD_INT" in specialized(lambda p: p.x + 1, Point(1))
    """)


def test_one_child_serves_a_module(passes) -> None:
    passes("""
    pids = set()

    @pytest.mark.parametrize("number", range(3))
    def test_it(specialized, number):
        specialized(add, 1, 2)
        pids.add(specialized._child._process.pid)
        assert len(pids) == 1
    """)


REASONS = {
    "a lock": ("specialized(add, __import__('threading').Lock(), 2)", "argument 1 cannot be sent"),
    "a keyword": ("specialized(add, 1, b=sys)", "argument b cannot be sent to another process"),
    "an error": ("specialized(add, 1, 'b')", "call 1 raised TypeError: unsupported operand"),
    "an exit": ("specialized(lambda: os._exit(7))", "the child process ended with 7"),
    "sys.exit": ("specialized(lambda: sys.exit(7))", "call 1 raised SystemExit: 7"),
    "twins": (
        "specialized((lambda: 1, lambda: 2)[0])",
        "2 functions of line * are called *lambda*",
    ),
    "no file": ("specialized(eval('lambda: 1'))", "its source <string> is not a file"),
    "no Python": ("specialized(len, [])", "<built-in function len> is not a function written in"),
    "a class": ("specialized(Point, 1)", "is not a function written in Python"),
}


def test_it_says_why_it_cannot(pytester: pytest.Pytester) -> None:
    tests = "".join(
        f"    def test_{number}(specialized):\n        {call}\n"
        for number, (call, _) in enumerate(REASONS.values())
    )
    pytester.makepyfile(FUNCTIONS + tests)
    result = pytester.runpytest(
        "-p", "no:randomly", "-o", "pycinspect_subprocess_timeout=90", "--tb=line"
    )
    result.assert_outcomes(failed=len(REASONS))
    result.stdout.fnmatch_lines([f"*PycInspectError: *{reason}*" for _, reason in REASONS.values()])


def test_it_does_not_wait_for_ever(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import time

        def test_it(specialized):
            specialized(lambda: time.sleep(100))
    """)
    result = pytester.runpytest("-o", "pycinspect_subprocess_timeout=0.5")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *cannot be specialised: it ran for more than 0.5 seconds (see*"]
    )


def test_a_closure_that_cannot_travel_is_named(passes) -> None:
    passes("""
    def test_unpicklable(specialized):
        lock = sys.modules["_thread"].allocate_lock()
        with pytest.raises(PycInspectError, match="variable lock of its closure cannot be sent"):
            specialized(lambda: lock)

    def test_empty(specialized):
        def f():
            return later
        with pytest.raises(PycInspectError, match="variable later of its closure has no value"):
            specialized(f)
        later = 1

    def test_after_a_refusal_the_next_is_answered(specialized):
        assert "BINARY_OP_ADD_INT" in specialized(add, 1, 2)
    """)


def test_a_changed_file_is_not_taken_for_the_function(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        m="def f(): return 1\n",
        test_it="""
            import m, pathlib, pytest
            from pycinspect.errors import PycInspectError

            def test_it(specialized):
                pathlib.Path(m.__file__).write_text("# a line more\\ndef f(): return 1\\n")
                with pytest.raises(PycInspectError, match="line 1 of .*m.py has no f; did the file"):
                    specialized(m.f)
        """,
    )
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_modules_of_packages_are_found(pytester: pytest.Pytester, mode: str) -> None:
    pytester.makepyfile(**{
        "app/__init__": "from app.core import add",
        "app/core": "from . import other\ndef add(a, b): return a + b + other.one",
        "app/other": "one = 1",
        "tests/test_it": """
            from app import add

            class Two:
                value = 2

            def test_app(specialized):
                assert "BINARY_OP_ADD_INT" in specialized(add, 1, 2)

            def test_here(specialized):
                assert "BINARY_OP_ADD_INT" in specialized(lambda two: two.value + 1, Two())
        """,
    })  # fmt: skip
    pytester.syspathinsert()
    pytester.runpytest(f"--import-mode={mode}").assert_outcomes(passed=2)


@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
def test_coverage_changes_nothing(
    passes, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, core: str
) -> None:
    pytest.importorskip("pytest_cov")
    if core == "sysmon" and not hasattr(__import__("sys"), "monitoring"):
        pytest.skip("this Python has no sys.monitoring")
    monkeypatch.setenv("COVERAGE_CORE", core)
    pytester.makeconftest("")
    pytester.makepyfile(
        test_it=f"""{FUNCTIONS}
    def test_it(specialized):
        names = [instr.opname for instr in specialized(add, 1, 2)]
        assert "BINARY_OP_ADD_INT" in names
        assert not [name for name in names if name.startswith("INSTRUMENTED")]
    """
    )
    result = pytester.runpytest_subprocess("--cov=.", "-p", "no:randomly")
    result.assert_outcomes(passed=1)


def test_a_tracer_in_the_child_is_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        sitecustomize="import sys; sys.setprofile(lambda *_: None)",
        test_it="""
            def add(a, b): return a + b
            def test_it(specialized): specialized(add, 1, 2)
        """,
    )
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=":")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *add cannot be specialised: tracing is active in the child*"])


# --- Called further with something else ----------------------------------------------------


def test_what_was_specialised_before_and_after(passes: Passes) -> None:
    passes("""
        def test_it(specialized):
            first = specialized(add, 1, 2)
            assert first.before is None
            code = first.then(1.0, 2.0)
            assert "BINARY_OP_ADD_INT" in code.before
            assert "BINARY_OP_ADD_INT" not in code
            assert "BINARY_OP_ADD_FLOAT" in code
            (change,) = [one for one in code.deoptimized if one.generic == "BINARY_OP"]
            assert repr(change) == (
                f"<add, line {change.line}: BINARY_OP_ADD_INT became BINARY_OP_ADD_FLOAT>"
            )
            assert change in code.changes
    """)


def test_nothing_can_have_changed_before_it_is_called_further(passes: Passes) -> None:
    passes("""
        from pytest_pycinspect.view.names import VacuousCheckError

        def test_it(specialized):
            for name in ("changes", "deoptimized"):
                with pytest.raises(VacuousCheckError, match=r"call it further, \\.then"):
                    assert getattr(specialized(add, 1, 2), name) == ()
    """)


def test_a_guard_of_no_deoptimisation(passes: Passes) -> None:
    passes("""
        class Other:
            def __init__(self):
                self.y = self.x = 1

        def test_it(specialized):
            assert specialized(add, 1, 2).then(3, 4).deoptimized == ()
            assert specialized(add, 1, 2).then(3, 4).then(5, 6).changes == ()
            assert specialized(add, 1, 2).then([], [1]).deoptimized
            assert specialized(attribute, Point(1)).then(Point(2)).deoptimized == ()
            (change,) = specialized(attribute, Point(1)).then(Other()).deoptimized
            assert change.generic.startswith("LOAD_ATTR")
            assert change.before != change.after or "for something else" in repr(change)
    """)


def test_what_is_specialised_now_was_not_taken_away(passes: Passes) -> None:
    passes("""
        def rare(a, b, often):
            if often:
                return a
            return a * b

        def test_it(specialized):
            code = specialized(rare, 2, 3, True).then(2, 3, False)
            assert code.deoptimized == ()
            assert [one.after for one in code.changes if one.generic == "BINARY_OP"] == [
                "BINARY_OP_MULTIPLY_INT"
            ]
            names = {instr.opname for instr in code.specializations}
            assert "BINARY_OP_MULTIPLY_INT" in names
            assert "BINARY_OP_MULTIPLY_INT" not in {i.opname for i in code.before.specializations}
    """)


def test_methods_generators_and_keywords(passes: Passes) -> None:
    passes("""
        def test_it(specialized):
            code = specialized(Point(1).moved, 2).then(by=2.5, times=200)
            assert [one.before for one in code.deoptimized if one.generic == "BINARY_OP"] == [
                "BINARY_OP_ADD_INT"
            ]
            assert "300 calls" in code.notes[0] and "100 calls" in code.before.notes[0]
            assert specialized(generated, 3).then(4).deoptimized == ()

        def test_mistakes(specialized):
            with pytest.raises(PycInspectError, match="add cannot be .*call 101 raised TypeError"):
                specialized(add, 1, 2).then(1, None)
            with pytest.raises(PycInspectError, match="argument 2 cannot be sent"):
                specialized(add, 1, 2).then(1, lambda: 2)
    """)


def test_nested_code_is_compared_too(passes: Passes) -> None:
    passes("""
        def outer(values):
            def inner(value):
                return value + value
            return [inner(value) for value in values]

        def test_it(specialized):
            code = specialized(outer, [1] * 3).then([1.5] * 90)
            assert [(one.name, one.after) for one in code.deoptimized if one.generic == "BINARY_OP"] == [
                ("outer.<locals>.inner", "BINARY_OP_ADD_FLOAT")
            ]
    """)


# --- Wrappers --------------------------------------------------------------------------------

WRAPPERS = """
    from pytest_pycinspect import AmbiguousWrapperError

    def logging(function):
        @functools.wraps(function)
        def logged(*args):
            for number, _ in enumerate(args):
                number * 3
            return function(*args)
        return logged

    class Counting:
        def __init__(self, function):
            functools.update_wrapper(self, function)
            self.function = function
            self.calls = 0
        def __call__(self, *args):
            self.calls * 3
            return self.function(*args)

    class Owner:
        x = 1
        @property
        def doubled(self):
            return self.x + self.x
        @functools.cached_property
        def cached(self):
            return self.x + self.x
        @classmethod
        def made(cls, a, b):
            return a + b
        @functools.singledispatchmethod
        def dispatched(self, a, b):
            return a + b
        def method(self, a, b):
            return a + b
        partial = functools.partialmethod(method, 1)
        logged = logging(method)

    PLAIN = {
        "partial": (functools.partial(add, 1), 2),
        "partial of a partial": (functools.partial(functools.partial(add, 1), 2),),
        "partial with keywords": (functools.partial(add, b=2), 1),
        "partial of a method": (functools.partial(Owner().method, 1), 2),
        "partial method": (Owner().partial, 2),
        "property": (Owner.doubled, Owner()),
        "cached property": (vars(Owner)["cached"], Owner()),
        "class method": (vars(Owner)["made"], Owner, 1, 2),
        "single dispatch method": (vars(Owner)["dispatched"], Owner(), 1, 2),
        "lru_cache": (functools.lru_cache(add), 1, 2),
    }
    AMBIGUOUS = {
        "wraps": (logging(add), 1, 2),
        "partial": (functools.partial(logging(add), 1), 2),
        "lru_cache": (functools.lru_cache(logging(add)), 1, 2),
        "class": (Counting(add), 1, 2),
    }
    #: Those that cannot be run in another process, unless the function in them is meant.
    BOUND = {
        "method": (Owner().logged, 1, 2),
        "class access": (Owner.logged, Owner(), 1, 2),
        "single dispatch": (functools.singledispatch(add), 1, 2),
        "single dispatch method": (Owner.dispatched, Owner(), 1, 2),
        "partial method": (Owner.partial, Owner(), 1, 2),
    }
"""


def test_wrappers_have_the_rule_of_bytecode_of(passes: Passes) -> None:
    passes(
        textwrap.dedent(WRAPPERS)
        + textwrap.dedent("""
        @pytest.mark.parametrize("call", PLAIN.values(), ids=PLAIN)
        def test_what_has_no_code_of_its_own_is_the_function(specialized, call):
            assert "BINARY_OP_ADD_INT" in specialized(*call)
            assert "BINARY_OP_ADD_FLOAT" not in specialized(*call)
            assert "BINARY_OP_ADD_INT" in specialized(*call, wrapped=True)
            assert specialized(*call).then(*call[1:]).deoptimized == ()

        @pytest.mark.parametrize("call", AMBIGUOUS.values(), ids=AMBIGUOUS)
        def test_a_negative_check_is_refused(specialized, call):
            code = specialized(*call)
            assert "BINARY_OP_MULTIPLY_INT" in code
            assert any("wraps add (" in note for note in code.notes)
            for check in (
                lambda code: "BINARY_OP_ADD_FLOAT" not in code,
                lambda code: "BINARY_OP_ADD_FLOAT" not in code.tree,
                lambda code: code.count("BINARY_OP_ADD_FLOAT") == 0,
                lambda code: code.then(*call[1:]).deoptimized == (),
                lambda code: code.then(*call[1:]).changes == (),
            ):
                with pytest.raises(AmbiguousWrapperError, match="wrapped=True"):
                    check(code)
                assert check(specialized(*call, wrapped=True))
            if not hasattr(call[0], "cache_info"):
                assert "BINARY_OP_ADD_INT" not in specialized(*call, wrapped=False)
            assert "BINARY_OP_ADD_INT" in specialized(*call, wrapped=True)

        @pytest.mark.parametrize("call", BOUND.values(), ids=BOUND)
        def test_the_function_in_it(specialized, call):
            assert "BINARY_OP_ADD_INT" in specialized(*call, wrapped=True)

        def test_an_error_says_that_it_is_the_wrapper(specialized):
            call = BOUND["single dispatch"]
            with pytest.raises(PycInspectError, match="which wraps add .*wrapped=True is that"):
                specialized(*call)
            with pytest.raises(PycInspectError, match="no bytecode of its own"):
                specialized(functools.lru_cache(add), 1, 2, wrapped=False)
        """)
    )
