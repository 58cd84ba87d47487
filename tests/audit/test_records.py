"""What a RECORD says of a file, in whatever way it is written."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.auditing.records import Noted

_NAMES = ("sha256", "sha384", "sha512", "blake2b")


def _spellings(name: str, content: bytes) -> list[str]:
    made = hashlib.new(name, content)
    padded = base64.urlsafe_b64encode(made.digest()).decode()
    return [padded, padded.rstrip("="), made.hexdigest(), made.hexdigest().upper()]


@given(st.sampled_from(_NAMES), st.binary(max_size=50), st.integers(0, 3))
def test_a_hash_is_read_as_base64_and_as_digits(name: str, content: bytes, way: int) -> None:
    noted = Noted(name, _spellings(name, content)[way], len(content))
    assert noted.objection(content) is None
    changed = bytes([content[0] ^ 1]) + content[1:] if content else b"x"
    assert noted._replace(size=None).objection(changed) is not None


@pytest.mark.parametrize("digest", ["", "x", "0" * 64, "A" * 43])
def test_another_hash_is_an_objection(digest: str) -> None:
    assert Noted("sha256", digest).objection(b"content") is not None
