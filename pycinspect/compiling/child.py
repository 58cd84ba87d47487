"""Runs inside another process, under any Python from 2.6 on: compiles, and runs nothing.

Its text is handed over with ``-c``, and with two numbers: the seconds of processor time that
one source may take, and the bytes of memory that the process may have beside its own. The
source is a stranger's: it may nest so deep, or be so large, that compiling it takes all that
there is. So the limits are set before anything is compiled; Windows has none of these.

Standard input: a request a line, the name of the source in UTF-8 and the source. Standard
output: an answer a line, a word and what belongs to it: the marshalled code object, or of an
error the line (0 for none) and what was raised, in UTF-8. All of it travels as hexadecimal
text, because the standard streams of Python 2 on Windows and of Python 3 everywhere change
bytes. The end of the input ends the process.
"""
# ruff: noqa: UP031 - it does run on 2.6

import marshal
import sys
from binascii import hexlify, unhexlify

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

COMPILED = "compiled"
REFUSED = "refused"
NO_MEMORY = "no-memory"


class Limits(object):  # noqa: UP004
    """What a compilation may take, as the operating system enforces it."""

    def __init__(self, seconds, memory):  # type: (int, int) -> None
        self._seconds = seconds
        self._memory = memory
        self._own = _kilobytes("VmSize:") * 1024
        _lower("RLIMIT_CORE", 0, is_last=True)  # a crash leaves nothing behind
        _lower("RLIMIT_AS", self._own + memory, is_last=True)

    def begin(self):  # type: () -> None
        """Allow the next source as much time as any."""
        if resource is not None:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            used = int(usage.ru_utime + usage.ru_stime) + 1
            _lower("RLIMIT_CPU", used + self._seconds, is_last=False)

    def is_reached(self):  # type: () -> bool
        """Return whether a MemoryError comes of too little memory.

        Parsers up to 3.8 raise one for deep nesting, too (Parser/parser.c: s_push); then
        there is plenty left. One allocation can fail before half is used only if it alone
        wants the other half.
        """
        return _kilobytes("VmPeak:") * 1024 >= self._own + self._memory // 2


def _kilobytes(field):  # type: (str) -> int
    """Return a figure of this process (proc(5)); 0 where there is no such file."""
    try:
        with open("/proc/self/status") as stream:
            figures = [line.split()[1] for line in stream if line.startswith(field)]
    except IOError:  # noqa: UP024
        figures = []
    return int(figures[0]) if figures else 0


def _lower(name, value, is_last):  # type: (str, int, bool) -> None
    """Set a limit, as far as the system has it and somebody has not set a lower one.

    One that is not the last may be raised again.
    """
    limit = getattr(resource, name, None)
    if limit is None:
        return
    _, hard = resource.getrlimit(limit)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:  # noqa: SIM105
        resource.setrlimit(limit, (value, value if is_last else hard))
    except (ValueError, resource.error):  # macOS: less address space than it has already
        pass


def main(limits):  # type: (Limits) -> None
    """Answer requests until there are no more."""
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        limits.begin()
        word, answer = _answered(line, limits)
        del line
        sys.stdout.write("%s %s\n" % (word, answer))
        sys.stdout.flush()


def _answered(line, limits):  # type: (str, Limits) -> tuple[str, str]
    try:
        word, answer = _compiled(line)
        return word, hexlify(answer).decode("ascii")
    except MemoryError:
        if limits.is_reached():
            return NO_MEMORY, ""
        return REFUSED, hexlify(_described(sys.exc_info()[1])).decode("ascii")


def _compiled(line):  # type: (str) -> tuple[str, bytes]
    name, source = [unhexlify(part.encode("ascii")) for part in line.rstrip("\n").split(" ")]
    if not isinstance(name, str):  # Python 3
        name = name.decode("utf-8", "surrogateescape")  # type: ignore[assignment]
    try:
        # Held, as importlib holds it: an object with one owner is not marked as one that others
        # may refer to (Python/marshal.c: w_ref), and not a single cache would have these bytes.
        code = compile(source, name, "exec", dont_inherit=True)
        return COMPILED, marshal.dumps(code)
    except MemoryError:
        raise
    # Whatever it is: an import of this source would raise the same.
    except Exception:  # noqa: BLE001
        return REFUSED, _described(sys.exc_info()[1])


def _described(error):  # type: (object) -> bytes
    """Return an error as one text."""
    line = getattr(error, "lineno", None) or 0
    message = getattr(error, "msg", None) or error
    text = "%d %s: %s" % (line, type(error).__name__, message)
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")


if __name__ == "__main__":
    main(Limits(int(sys.argv[1]), int(sys.argv[2])))
