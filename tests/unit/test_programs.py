"""Every function of the public API takes a program in the same forms, and says the same of each."""

from __future__ import annotations

import io
import marshal
import os
import sys
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import pycinspect
from pycinspect import PycInspectError
from pycinspect.programs import subject_of

SOURCE = (
    "def total(prices):\n    try:\n        return sum(prices)\n    finally:\n        print(1)\n"
)
RUNNING = pycinspect.DIALECTS.running()
SAMPLES = Path(__file__).parents[2] / "fixtures" / "samples"


def listing(program: object, **given: Any) -> str:
    """Return what ``dis`` prints, but for its first line, which says what was given."""
    stream = io.StringIO()
    pycinspect.dis(program, file=stream, **given)  # type: ignore[arg-type]
    return stream.getvalue().partition("\n")[2]


QUESTIONS: dict[str, Callable[..., Any]] = {
    "instructions": pycinspect.instructions,
    "exception_table": pycinspect.exception_table,
    "line_ranges": pycinspect.line_ranges,
    "positions": pycinspect.positions,
    "verify": pycinspect.verify,
    "canonicalize": pycinspect.canonicalize,
    "dis": listing,
}


class Saved(os.PathLike[bytes]):
    """A path that is bytes."""

    def __init__(self, path: Path) -> None:
        self._path = os.fsencode(path)

    def __fspath__(self) -> bytes:
        return self._path


@pytest.fixture
def code() -> CodeType:
    return compile(SOURCE, "total.py", "exec", dont_inherit=True)


@pytest.fixture
def cache(tmp_path: Path, code: CodeType) -> Path:
    path = tmp_path / "total.pyc"
    path.write_bytes(MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
    return path


def forms_of(cache: Path, code: CodeType) -> dict[str, object]:
    """Return one program in all the forms that do not need a dialect."""
    file = pycinspect.read_pyc(cache)
    return {
        "path": cache,
        "string": str(cache),
        "path of bytes": Saved(cache),
        "bytes": cache.read_bytes(),
        "bytearray": bytearray(cache.read_bytes()),
        "stream": io.BytesIO(cache.read_bytes()),
        "CodeFile": file,
        "Code": file.code,
        "code object": code,
    }


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answer_is_that_of_the_program_whatever_form_it_has(
    cache: Path, code: CodeType, name: str
) -> None:
    ask = QUESTIONS[name]
    expected = ask(code)
    for form, program in forms_of(cache, code).items():
        assert ask(program) == expected, form
    with cache.open("rb") as stream:
        assert ask(stream) == expected


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_dialect_is_needed_for_bare_marshalled_code_alone(code: CodeType, name: str) -> None:
    ask, payload = QUESTIONS[name], marshal.dumps(code)
    for dialect in (RUNNING, RUNNING.name, RUNNING.version):
        assert ask(payload, dialect=dialect) == ask(code)
    with pytest.raises(PycInspectError) as caught:
        ask(payload)
    assert (caught.value.slug, caught.value.offset) == ("headerless", 0)


def _running_generator() -> Any:
    yield 1


async def _coroutine() -> None:
    pass


async def _asynchronous_generator() -> Any:
    yield 1


class Shop:
    def total(self) -> int:
        return 1


def test_whatever_runs_has_code() -> None:
    shop, coroutine = Shop(), _coroutine()
    for program, name in (
        (_running_generator, "_running_generator"),
        (_running_generator(), "_running_generator"),
        (coroutine, "_coroutine"),
        (_asynchronous_generator(), "_asynchronous_generator"),
        (Shop.total, "Shop.total"),
        (shop.total, "Shop.total"),
    ):
        assert subject_of(program).code.qualname == name  # type: ignore[arg-type]
    coroutine.close()


def test_what_was_read_knows_who_wrote_it() -> None:
    path = SAMPLES / "cpython-1.5-scopes21.pyc"
    file = pycinspect.read_pyc(path)
    codes = list(file.code.walk())
    assert len(codes) > 1
    assert {code.dialect.name for code in codes} == {"cpython-1.5"}
    assert pycinspect.instructions(file.code) == pycinspect.instructions(path)


def test_a_dialect_that_is_named_counts_more_than_what_code_says(code: CodeType) -> None:
    found = subject_of(code, None).code
    other = pycinspect.find_dialect("3.9")
    assert other is not None
    steps = pycinspect.instructions(found, "3.9")
    names = [other.bytecode.opcodes.by_number[step.opcode].name for step in steps]  # type: ignore[union-attr]
    assert [step.opname for step in steps] == names


def test_verify_looks_into_every_code_object() -> None:
    found = pycinspect.instructions(SOURCE.encode())
    file = pycinspect.parse_pyc(
        MAGIC_NUMBER + bytes(12) + marshal.dumps(_broken(compile(SOURCE, "total.py", "exec")))
    )
    assert found
    assert {defect.qualname for defect in pycinspect.verify(file)} == {"total"}


def _broken(code: CodeType) -> CodeType:
    """Return a module whose function has an instruction that no Python has."""
    consts = tuple(
        const.replace(co_code=b"\xff\xff" * (len(const.co_code) // 2))
        if isinstance(const, CodeType)
        else const
        for const in code.co_consts
    )
    return code.replace(co_consts=consts)


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("program", [None, 1, Shop, [Shop.total], object(), io.BytesIO])
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_not_a_program_is_refused(name: str, program: object) -> None:
    with pytest.raises(PycInspectError, match="has no bytecode; give a path") as caught:
        QUESTIONS[name](program)
    assert caught.value.slug == "not-a-program"


def test_streams_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("x = 1", "utf-8")
    with path.open(encoding="utf-8") as text, pytest.raises(PycInspectError) as caught:
        pycinspect.instructions(text)  # type: ignore[arg-type]
    assert (caught.value.slug, caught.value.path) == ("not-bytes", str(path))
    with path.open("rb") as closed:
        pass
    with pytest.raises(PycInspectError) as caught:
        pycinspect.instructions(closed)
    assert (caught.value.slug, caught.value.path) == ("unreadable", str(path))


PATHS = {
    "missing": "nowhere.pyc",
    "null": "a\0b.pyc",
    "long": os.path.join("x" * 5000, "a.pyc"),
    "directory": "directory",
    **({"loop": "loop"} if sys.platform != "win32" else {}),
}
READERS: dict[str, Callable[[Any], Any]] = {
    **QUESTIONS,
    "diff": lambda path: pycinspect.diff(path, path),
    "read_pyc": pycinspect.read_pyc,
    "read_header": pycinspect.read_header,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", READERS)
def test_a_path_that_leads_to_no_file(tmp_path: Path, name: str, path: str) -> None:
    (tmp_path / "directory").mkdir()
    if "loop" in PATHS:
        (tmp_path / "loop").symlink_to("loop")
    full = os.path.join(tmp_path, PATHS[path])
    with pytest.raises(PycInspectError) as caught:
        READERS[name](full)
    assert caught.value.slug in {"not-found", "unreadable", "not-a-file"}
    assert caught.value.path == full


def test_paths_that_are_bytes(cache: Path) -> None:
    path = os.fsencode(cache)
    assert pycinspect.read_pyc(path) == pycinspect.read_pyc(cache)
    assert pycinspect.read_header(path) == pycinspect.read_header(cache)
    assert pycinspect.judge(path) == pycinspect.judge(cache)
    assert pycinspect.cache_from_source(path) == pycinspect.cache_from_source(cache)
    directory = os.fsencode(cache.parent)
    for ask in (pycinspect.find_module, pycinspect.judge_module):
        assert ask("total", [directory]) == ask("total", [os.fsdecode(directory)])
    with pytest.raises(PycInspectError) as caught:
        pycinspect.read_pyc(path + b"x")
    assert caught.value.path == f"{cache}x"


def test_audit_takes_one_path_or_several(cache: Path) -> None:
    for paths in (cache.parent, str(cache.parent), os.fsencode(cache.parent), [cache.parent]):
        run = pycinspect.audit(paths)
        assert {finding.rule for finding in run} == {"PYC202"}
        assert run.summary.files == 1


def test_audit_is_told_for_which_python_the_tree_is(cache: Path) -> None:
    for dialect in ("3.9", pycinspect.find_dialect("3.9")):
        run = pycinspect.audit(cache.parent, dialect=dialect)
        list(run)
        assert run.policy.dialect is pycinspect.find_dialect("3.9")


# --- Names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("3.12", "cpython-3.12"),
        ("cpython3.12", "cpython-3.12"),
        ("2.7", "cpython-2.7"),
        ("pypy3.9", "pypy-3.9"),
        ("pypy-3.9", "pypy-3.9"),
    ],
)
def test_a_python_is_known_by_what_people_call_it(name: str, row: str) -> None:
    found = pycinspect.find_dialect(name)
    assert found is not None
    assert found.name == row
    assert pycinspect.DIALECTS.resolve(found) is found


@pytest.mark.parametrize("name", ["", "3", "4.20", "python", "cpython-", "3.12 "])
def test_a_name_that_nobody_has(name: str) -> None:
    with pytest.raises(PycInspectError) as caught:
        pycinspect.find_dialect(name)
    assert caught.value.slug == "unknown-dialect"


@pytest.mark.parametrize(("name", "origin"), [("sys", "built-in"), ("zipimport", "frozen")])
def test_modules_of_the_interpreter_are_called_as_importlib_calls_them(
    name: str, origin: str
) -> None:
    from importlib.util import find_spec

    spec = find_spec(name)
    assert spec is not None
    assert pycinspect.find_module(name).kind == spec.origin == origin


def test_a_level_is_equal_to_its_name() -> None:
    assert pycinspect.Level.SEMANTIC == "semantic"
    assert {"semantic": 1}[pycinspect.Level.SEMANTIC] == 1
