"""The tests' own way to be another user leaves nothing behind."""

from __future__ import annotations

import sys

import pytest

from tests.privileges import unprivileged


class _Nothing:
    """A finder as one of a user who may read nothing."""

    def find_spec(self, *_: object) -> None:
        return None


def test_a_codec_that_nobody_could_read_is_there_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether root's home may be read differs; that nothing is found is what matters."""
    with unprivileged():
        monkeypatch.setattr(sys, "meta_path", [_Nothing()])
        try:
            with pytest.raises(LookupError):
                "a".encode("cp1006")
        finally:
            monkeypatch.undo()
    assert "a".encode("cp1006") == b"a"
