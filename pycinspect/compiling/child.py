"""Runs inside another interpreter, under any Python from 2.6 on: compiles, and runs nothing.

Its text is handed over with ``-c``. Everything travels as hexadecimal text, because the
standard streams of Python 2 on Windows and of Python 3 everywhere change bytes.

Standard input: the name of the source in UTF-8, and the source, a line each.
Standard output: the marshalled code object, or of an error the line (0 for none) and what
was raised, in UTF-8. The exit code says which; any other means that this script failed.
"""
# ruff: noqa: UP031 - it does run on 2.6

import marshal
import sys
from binascii import hexlify, unhexlify

COMPILED = 0
REFUSED = 65  # sysexits.h: EX_DATAERR


def main():  # type: () -> int
    """Answer one request; return the exit code."""
    name, source = [unhexlify(line.strip().encode("ascii")) for line in sys.stdin.readlines()]
    if not isinstance(name, str):  # Python 3
        name = name.decode("utf-8", "surrogateescape")  # type: ignore[assignment]
    try:
        answer = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
        status = COMPILED
    # Whatever it is: an import of this source would raise the same.
    except Exception:  # noqa: BLE001
        answer = _described(sys.exc_info()[1])
        status = REFUSED
    sys.stdout.write(hexlify(answer).decode("ascii"))
    return status


def _described(error):  # type: (object) -> bytes
    """Return an error as one text."""
    line = getattr(error, "lineno", None) or 0
    message = getattr(error, "msg", None) or error
    text = "%d %s: %s" % (line, type(error).__name__, message)
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
