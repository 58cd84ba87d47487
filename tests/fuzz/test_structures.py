"""Files of any structure: only our exception, and none from what passes the reader."""

from __future__ import annotations

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.pyc import parse_header, read_code
from tests.fuzz.structures import structures
from tests.growth.cases_reading import READERS


def _is_read(data: bytes) -> bool:
    try:
        read_code(data, parse_header(data))
    except PycInspectError:
        return False
    for reader in READERS:
        reader.run(data)
    return True


@pytest.mark.parametrize("seed", range(4))
def test_files_of_any_structure_raise_nothing_of_their_own(seed: int) -> None:
    read = sum(map(_is_read, structures(100, seed)))
    assert 20 < read < 100
