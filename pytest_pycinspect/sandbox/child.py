"""Runs by itself, under any Python from 2.7 on, with ``machinery.py`` and ``witness.py`` above it in one script.

It is given two paths: of the request, which is Python's text of a dictionary, and of the report
that it writes in the same way; see ``children.script``.
"""
# ruff: noqa: S307, UP004 - what it uses is above it when it runs, on 2.7 as well; what it
# evaluates is our own

import sys

if __name__ != "__main__":  # there they are above
    from pytest_pycinspect.sandbox.machinery import identity, system, threads
    from pytest_pycinspect.sandbox.witness import Witness, observed

TYPE_CHECKING = False  # an import of typing would be reported
if TYPE_CHECKING:  # for the comments that are types
    from pytest_pycinspect.sandbox.witness import Raised  # noqa: F401

_getpid, _fstat = system.getpid, system.fstat
_read, _write = system.read, system.write


class Channel(object):
    """Tells the sandbox's process what happens, and waits until it has looked at the files.

    Args:
        out: the descriptor that is written to.
        back: the one that answers come from.
    """

    def __init__(self, out, back):  # type: (int, int) -> None
        self._out, self._back = out, back
        self._are = self._identities()
        self._process = _getpid()
        self._lock = threads.allocate_lock()
        self._owner = None  # type: int | None

    def __call__(self, *moment):  # type: (object) -> str | None
        """Tell a moment; return the answer, None for none."""
        if self._owner == identity():  # a handler of a signal, in the midst of another moment
            return None
        if _getpid() != self._process:  # answers would go to whoever reads first
            if moment[0] == "asks":
                self._say(("elsewhere", moment[2]))
            return None
        self._lock.acquire()
        self._owner = identity()
        try:
            return self._answer() if self._say(moment) else None
        finally:
            self._owner = None
            self._lock.release()

    def _say(self, moment):  # type: (object) -> bool
        """Write a line, unless the program has closed the descriptor, or has it for its own."""
        if self._identities() != self._are:
            return False
        data = repr(moment).encode("ascii", "backslashreplace") + b"\n"
        while data:
            data = data[_write(self._out, data) :]
        return True

    def _answer(self):  # type: () -> str | None
        data = b""
        while not data.endswith(b"\n"):
            part = _read(self._back, 65536)
            if not part:
                return None
            data += part
        return eval(data.decode("ascii"), {})  # type: ignore[no-any-return] # our own text

    def _identities(self):  # type: () -> list[tuple[int, int]]
        try:
            return [(stat.st_dev, stat.st_ino) for stat in map(_fstat, (self._out, self._back))]
        except OSError:
            return []


def _descriptor(number, flags):  # type: (int, int) -> int
    """Return a descriptor that was given to this process; on Windows, what is given is a handle."""
    if system.__name__ != "nt":
        return number
    import msvcrt

    return msvcrt.open_osfhandle(number, flags)  # type: ignore[attr-defined,no-any-return]


def main(request_path, report_path):  # type: (str, str) -> None
    """Serve one request as ``python -c`` or ``python -m`` would run its code.

    The witness stays to the end of the process: what is imported at exit is told, too.
    """
    with open(request_path, "rb") as stream:
        request = eval(stream.read().decode("ascii"), {})
    script = sys.modules["__main__"]  # as long as it is referred to, our globals live
    sys.modules["__main__"] = type(sys)("__main__")
    sys.path[0] = request["root"]
    sys.argv[:] = request["arguments"]
    ends = request["channel"]
    tell = Channel(_descriptor(ends[0], 1), _descriptor(ends[1], 0)) if ends else None
    witness = Witness(tell)
    witness.script = script  # type: ignore[attr-defined]
    process = _getpid()
    witness.__enter__()
    report, raised = observed(request["code"], sys.modules["__main__"].__dict__, witness)
    if _getpid() == process:
        _put(report_path, repr(report).encode("ascii", "backslashreplace"))
    if raised:
        _end_as(raised)
    del script


def _put(path, data):  # type: (str, bytes) -> None
    try:
        with open(path, "wb") as stream:
            stream.write(data)
    except OSError:  # the program let nothing be written: it ends without a word
        return


def _end_as(raised):  # type: (Raised) -> None
    """End as Python ends when its script raises; of the traceback, the user's part is left."""
    kind, error, traceback = raised
    if issubclass(kind, SystemExit):
        raise error
    rest = traceback.tb_next
    if hasattr(error, "with_traceback"):  # Python 3 shows the error's own
        error.with_traceback(rest)
    sys.excepthook(kind, error, rest)
    sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
