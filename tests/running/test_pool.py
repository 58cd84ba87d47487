"""Work in several processes: every piece has its answer, and a process that dies is one of them."""

from __future__ import annotations

import io
import os
import random

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.running import LOST, usable_cores
from pycinspect.running.child import read_frame, write_frame
from pycinspect.running.pool import Pool

ECHO = "tests.running.work:echo"


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_piece_has_its_own_answer(jobs: int) -> None:
    rng = random.Random(jobs)
    items = [rng.randbytes(rng.choice((0, 1, 50, 200_000))) for _ in range(60)]
    with Pool(jobs, ECHO, b"> ") as pool:
        answers = [pool.submit(item) for item in items]
        assert [answer.result() for answer in answers] == [b"> " + item for item in items]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_process_that_dies_loses_one_piece(jobs: int) -> None:
    items = [str(number).encode() for number in range(40)]
    items[3] = items[4] = items[20] = b"die"
    items[30] = b"leave"
    with Pool(jobs, ECHO, b"") as pool:
        answers = [pool.submit(item) for item in items]
        for item, answer in zip(items, answers, strict=True):
            if item.isdigit():
                assert answer.result() == item
                continue
            with pytest.raises(PycInspectError) as caught:
                answer.result()
            assert caught.value.slug == LOST
            if item == b"leave" or os.name == "posix":
                how = "ended with 3" if item == b"leave" else "was killed by SIGKILL"
                assert caught.value.message == f"the process that read it {how}"


def test_where_none_can_be_started_every_piece_says_so() -> None:
    with Pool(2, "tests.running.work:fails", b"") as pool:
        answers = [pool.submit(b"x") for _ in range(3)]
        for answer in answers:
            with pytest.raises(PycInspectError) as caught:
                answer.result()
            assert caught.value.slug == "no-process"


def test_an_end_does_not_wait_for_work() -> None:
    pool = Pool(2, ECHO, b"")
    answers = [pool.submit(item) for item in (b"1", b"hang", b"hang", b"2", b"3")]
    assert answers[0].result() == b"1"
    processes = list(pool._processes)
    pool.close()
    assert processes
    assert all(process.poll() is not None for process in processes)
    assert all(answer.done() for answer in answers)
    pool.close()  # twice is no mistake


@pytest.mark.parametrize("cut", [0, 3, 5])
def test_a_frame_that_is_cut_is_none(cut: int) -> None:
    stream = io.BytesIO()
    for content in (b"abc", b""):
        write_frame(stream, content)
    whole = io.BytesIO(stream.getvalue())
    assert [read_frame(whole), read_frame(whole), read_frame(whole)] == [b"abc", b"", None]
    assert read_frame(io.BytesIO(stream.getvalue()[:cut])) is None


def test_there_is_at_least_one_core() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
