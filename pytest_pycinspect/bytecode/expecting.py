"""Whether the sequence is as expected, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pycinspect.bytecode.instructions import Instructions

if TYPE_CHECKING:
    from pytest_pycinspect.expect import Match

__all__ = ["Expecting"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True


class Expecting(Instructions):
    """Instructions that are compared with expectations."""

    def matches(self, expectation: object) -> Match:
        """Return whether the whole sequence is as expected; the result says why not."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        return self._sure_match(match(as_pattern(expectation), self, anchored=True))

    def contains(self, expectation: object) -> Match:
        """Return whether a part of the sequence is as expected; the result says why not."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        return self._sure_match(match(as_pattern(expectation), self, anchored=False))

    def check(self, expectation: object) -> None:
        """Do nothing if the whole sequence is as expected.

        Raises:
            AssertionError: it is not; the message says why.
        """
        __tracebackhide__ = True
        found = self.matches(expectation)
        if not found:
            from pytest_pycinspect.expect import explain

            raise AssertionError("\n".join(explain(found).summary))

    def startswith(self, expectation: object) -> Match:
        """Return whether the sequence begins as expected."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        pattern = as_pattern([as_pattern(expectation), ...])
        return self._sure_match(match(pattern, self, anchored=True))

    def endswith(self, expectation: object) -> Match:
        """Return whether the sequence ends as expected."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        pattern = as_pattern([..., as_pattern(expectation)])
        return self._sure_match(match(pattern, self, anchored=True))

    def _sure_match(self, found: Match) -> Match:
        """Return what came of an expectation, if it is one whosever code is meant."""
        __tracebackhide__ = True
        if self._origin.wrapping is not None and found.says_not:
            from pytest_pycinspect.expect import explain

            met = "The expectation says what is not in it."
            self.sure(answer=False, why=met if found.met else "\n".join(explain(found).summary))
        return found
