"""Runs in the test's own process, and by itself under any Python from 2.7 on: imports, and reports.

As a script it is given two paths: of the request, which is Python's text of a dictionary, and of
the report that it writes in the same way. It imports nothing but what every Python has loaded
when it starts: what the user's code imports is part of the report.
"""
# ruff: noqa: BLE001, C402, UP004 - it does run on 2.7, and reports whatever is raised

import marshal
import sys

TYPE_CHECKING = False  # an import of typing would be reported
if TYPE_CHECKING:  # for the comments that are types
    from collections.abc import Callable  # noqa: F401
    from types import CodeType, FrameType, TracebackType  # noqa: F401

    from pytest_pycinspect.sandbox.inquiry import Report, Request  # noqa: F401

    Raised = tuple[type[BaseException], BaseException, TracebackType]


class Witness(object):
    """Sees which modules an import looks for, and which code objects run as their bodies.

    Whatever importer is at work, the body of a module is a frame called ``<module>`` with the
    module's dictionary as its globals, and a profiler is told of every frame.
    """

    def __init__(self):  # type: () -> None
        self.asked = []  # type: list[str]
        self.ran = []  # type: list[tuple[str, object, CodeType]]

    def find_spec(self, name, *_where):  # type: (str, object) -> None
        """Find nothing: the finders after it are asked next."""
        self.asked.append(name)

    find_module = find_spec  # what it was called before 3.4

    def profiler(self):  # type: () -> Callable[[FrameType, str, object], None]
        """Return what notes the code of modules' bodies that begin to run.

        A closure: it is called for every call of the import system, of which there are many.
        """
        note = self.ran.append

        def profile(frame, event, _arg):  # type: (FrameType, str, object) -> None
            if event == "call" and frame.f_code.co_name == "<module>":
                names = frame.f_globals
                note((str(names.get("__name__")), names.get("__file__"), frame.f_code))

        return profile

    def __enter__(self):  # type: () -> Witness
        sys.meta_path.insert(0, self)
        sys.setprofile(self.profiler())
        return self

    def __exit__(self, *_error):  # type: (object) -> None
        sys.setprofile(None)
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def observe(request, namespace):
    # type: (Request, dict[str, object]) -> tuple[Report, Raised | None]
    """Run the code of a request; return the report, and what the code raised, as exc_info.

    Request: ``code`` is the text, ``root`` the directory of the project, ``sources`` the paths
    of its modules' sources by the modules' names, None for a module without source.

    Report: ``asked`` has the names that were looked for, ``bodies`` those of all modules whose
    bodies ran, ``ran`` name, file and marshalled code of those in ``root``, ``compiled`` what compiling their sources gives now: marshalled code,
    or the name of what it raises; ``imported`` all modules that are new, ``raised`` type and
    text of what the code raised, or None.
    """
    before = set(sys.modules)
    raised = None  # type: Raised | None
    with Witness() as witness:
        try:
            # Flags 0, and none of this file's own.
            exec(compile(request["code"], "<run>", "exec", 0, True), namespace)  # noqa: FBT003, S102
        except BaseException:
            raised = sys.exc_info()  # type: ignore[assignment] # there is one here
    sources = request["sources"]
    ran = [
        (name, str(path), marshal.dumps(code))
        for name, path, code in witness.ran
        if str(path).startswith(request["root"])
    ]
    report = {
        "imported": _new(before),
        "asked": witness.asked,
        "bodies": [name for name, _, _ in witness.ran],
        "ran": ran,
        "compiled": dict(
            (name, _compiled(path))
            for name, path in sources.items()
            if path is not None and name in witness.asked
        ),
        "raised": (raised[0].__name__, str(raised[1])) if raised else None,
    }  # type: Report
    return report, raised


def _new(before):  # type: (set[str]) -> list[str]
    """Return the names of modules that were not there, in the order of their imports."""
    return [name for name in list(sys.modules) if name not in before]


def _compiled(path):  # type: (str) -> bytes | str
    try:
        with open(path, "rb") as stream:
            return marshal.dumps(compile(stream.read(), path, "exec", 0, True))  # noqa: FBT003
    except Exception as error:
        return type(error).__name__


def main(request_path, report_path):  # type: (str, str) -> None
    """Serve one request as ``python -c`` would run its code."""
    with open(request_path, "rb") as stream:
        request = eval(stream.read().decode("ascii"), {})  # noqa: S307 - our own text
    script = sys.modules["__main__"]  # as long as it is referred to, our globals live
    sys.modules["__main__"] = type(sys)("__main__")
    sys.path[0] = request["root"]
    sys.argv[:] = ["-c"]
    report, raised = observe(request, sys.modules["__main__"].__dict__)
    with open(report_path, "wb") as stream:
        stream.write(repr(report).encode("ascii", "backslashreplace"))
    if raised:
        _end_as(raised)
    del script


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
