"""Runs in the test's own process, and by itself under any Python from 2.7 on: sees imports, and tells.

By itself it stands below ``machinery.py`` in one script, and above ``child.py``.
"""
# ruff: noqa: BLE001, C402, SLF001, UP004, UP036 - it does run on 2.7, looks into importers, and no error
# of ours may reach the user's code

import sys

if __name__ != "__main__":  # there it is above
    import builtins

    from pytest_pycinspect.sandbox.machinery import (
        ZIP_CODE,
        dumps,
        environment,
        helpers,
        identity,
        is_among,
        listed,
        place,
        system,
        text,
        texts,
        watched,
    )

__all__ = ["Witness", "observe", "observed"]

TYPE_CHECKING = False  # an import of typing would be reported
if TYPE_CHECKING:  # for the comments that are types
    from collections.abc import Callable, Iterator  # noqa: F401
    from types import CodeType, FrameType, TracebackType  # noqa: F401
    from typing import Any  # noqa: F401

    from pytest_pycinspect.sandbox.moments import Report  # noqa: F401

    Raised = tuple[type[BaseException], BaseException, TracebackType]
    Tell = Callable[..., "str | None"]

_getprofile, _setprofile, _gettrace = sys.getprofile, sys.setprofile, sys.gettrace

#: Functions that ask the system for a file's content, and to write one.
_REFUSED = ("get_data", "_write_atomic")
#: Stands among them for code of the program's own: a handler of a signal, a finalizer.
_DISTURBED = "?"
_EVENTS = frozenset(("call", "return", "c_exception"))
_ZIP_SUFFIXES = (".pyc", ".py")
#: The answer to what is not of the project: nor is what else is in the same directory.
_ELSEWHERE = "-"
#: What a loader of Python's own has in it.
_OWN_ATTRIBUTES = frozenset(("name", "path"))


class Witness(object):
    """Sees which modules an import looks for, who gives their code, and which bodies run.

    Whatever importer is at work, the body of a module is a frame called ``<module>``, and a
    profiler is told of every frame, of those of importlib, too. A profiler is a thread's own: the
    finder, which every thread comes to, puts it where there is none. One of the program's own
    keeps its place.
    """

    def __init__(self, tell):  # type: (Tell | None) -> None
        self.asked = []  # type: list[str]
        self.bodies = []  # type: list[str]
        self._tell = tell
        self._watched = watched()
        self._loads = {}  # type: dict[int, str]
        self._refused = {}  # type: dict[int, list[str]]
        self._codes = []  # type: list[tuple[CodeType, str]]
        self._count = 0
        self._helpers = helpers()
        self._finders = []  # type: list[object]
        self._tracer = _gettrace()
        self._hooked = False
        self._elsewhere = set()  # type: set[object]
        self._before = None  # type: Any
        self._profile = self._profiler()

    def find_spec(self, name, path=None, *_target):  # type: (str, object, object) -> None
        """Find nothing: the finders after it are asked next."""
        profiler = _getprofile()
        try:
            self.asked.append(name)
            if profiler is self._profile:
                _setprofile(None)  # our own work need not be watched
            where = sys.path if path is None else listed(path)
            if self._tell is not None and not self._is_elsewhere(where):
                now = self._environment(profiler)
                source = self._tell("asks", identity(), name, texts(where), now)
                self._compile_for(name, source, _content)
        except Exception:  # at the limit of recursion, or as modules are torn down: it is not told
            return
        finally:
            if profiler is None or profiler is self._profile:
                _setprofile(self._profile)

    find_module = find_spec  # what it was called before 3.4

    def _profiler(self):  # type: () -> Callable[[FrameType, str, object], None]
        """Return what is told of every call.

        A closure: it is called for every call of the import system, of which there are many.
        """
        handlers = {"<module>": self._body, "get_code": self._load, ZIP_CODE: self._load}
        handlers.update((name, self._refuse) for name in _REFUSED)
        find, loads, hook = handlers.get, self._loads, getattr(sys, "addaudithook", self)

        def profile(frame, event, arg):  # type: (FrameType, str, object) -> None
            handle = find(frame.f_code.co_name)
            try:
                if handle is not None and event in _EVENTS:
                    handle(frame, event, arg)
                elif loads and event == "call" and frame.f_code.co_filename[:7] != "<frozen":
                    self._refused.setdefault(identity(), []).append(_DISTURBED)
                elif arg is hook:
                    self._hooked = True
            except Exception:  # as above
                return

        return profile

    def _load(self, frame, event, arg):  # type: (FrameType, str, Any) -> None
        """Tell that a loader begins to get a module's code, or has got it."""
        if self._tell is None:
            return
        if event == "return":
            token = self._loads.pop(id(frame), None)
            if token is not None:
                code = arg[0] if isinstance(arg, tuple) else arg
                self._codes.append((code, token))
                payload = None if code is None else dumps(code)
                self._tell("loaded", token, payload, self._refused.pop(identity(), []))
            return
        if event != "call":
            return
        for code, kind, owner in self._watched:
            if frame.f_code is code:
                self._begin(frame, kind, owner)

    def _refuse(self, frame, event, _arg):  # type: (FrameType, str, object) -> None
        """Note that the system refused what a loader asked it for."""
        if event == "c_exception" and self._loads:
            self._refused.setdefault(identity(), []).append(frame.f_code.co_name)

    def _begin(self, frame, kind, owner):  # type: (FrameType, str, type) -> None
        """Tell that a loader begins; its code is compiled for comparison if it is of the project."""
        loader, name = frame.f_locals["self"], frame.f_locals["fullname"]
        if getattr(loader, "name", name) != name:  # it refuses that, and looks at nothing
            return
        file, members = _where(loader, name, kind)
        if _directory(file) in self._elsewhere:
            return
        if type(loader) is not owner or not _has_own_attributes(loader, kind):
            kind = type(loader).__name__ + " " + kind
        token, now = self._key(), self._environment(None)
        assert self._tell is not None
        source = self._tell("loads", token, identity(), name, kind, file, members, now)
        if source == _ELSEWHERE:
            self._elsewhere.add(_directory(file))
        elif source is not None:
            self._loads[id(frame)] = token
            self._refused[identity()] = []
            self._compile_for(token, source, _reader(loader, members) if members else _content)

    def _body(self, frame, event, _arg):  # type: (FrameType, str, object) -> None
        """Tell that the body of a module begins to run."""
        names = frame.f_globals
        if event == "return":
            if names.get("__name__") == "threading" and "setprofile" in names:
                names["setprofile"](self._profile)  # of threads that begin later
            return
        if event != "call":
            return
        self.bodies.append(str(names.get("__name__")))
        if self._tell is not None:
            self._tell_body(names, frame.f_code)

    def _tell_body(self, names, code):  # type: (dict[str, Any], CodeType) -> None
        assert self._tell is not None
        token = next((token for known, token in self._codes if known is code), None)
        if _directory(code.co_filename) in self._elsewhere:
            return
        loader, file = names.get("__loader__"), text(names.get("__file__"))
        by = None if loader is None else type(loader).__name__
        key, name = self._key(), str(names.get("__name__"))
        if self._tell("runs", key, token, name, file, code.co_filename, by, place()) is not None:
            self._tell("body", key, dumps(code))

    def _is_elsewhere(self, path):  # type: (Any) -> bool
        """Return whether nothing of the project can be found on a path, as was told before."""
        found = [isinstance(entry, str) and entry in self._elsewhere for entry in path]
        return bool(found) and all(found)

    def _key(self):  # type: () -> str
        """Return what nothing else is called, whatever other threads count meanwhile."""
        self._count += 1
        return str(self._count) + " of " + str(identity())

    def _compile_for(self, key, path, read):
        # type: (str, str | None, Callable[[str], bytes]) -> None
        """Tell what a source compiles to now, if that was asked."""
        if path and self._tell is not None:
            self._tell("compiled", key, _compiled(path, read))

    def _environment(self, profiler):  # type: (object) -> dict[str, object]
        """Return what an import depends on at this moment."""
        threads_now, starters_now = helpers()
        threads_before, starters_before = self._helpers
        company = threads_now > threads_before or starters_now != starters_before
        company = company or not is_among(_gettrace(), [None, self._tracer])
        return dict(
            environment(self._finders),
            company=self._hooked or company,
            profiler=not is_among(profiler, [None, self._profile]),
        )

    def __enter__(self):  # type: () -> Witness
        sys.meta_path.insert(0, self)
        self._finders = list(sys.meta_path)
        threading = sys.modules.get("threading")
        if threading is not None and hasattr(threading, "getprofile"):
            self._before = threading.getprofile()
            threading.setprofile(self._profile)
        if self._tell is not None:
            self._tell("watches", [kind for _, kind, _ in self._watched])
        _setprofile(self._profile)
        return self

    def __exit__(self, *_error):  # type: (object) -> None
        _setprofile(None)
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        threading = sys.modules.get("threading")
        if threading is not None:
            threading.setprofile(self._before)


def _directory(path):  # type: (str) -> str | None
    """Return the directory of an absolute path, None for another."""
    is_absolute = path[:1] == _SEPARATOR or path[1:2] == ":"
    return path.rpartition(_SEPARATOR)[0] if is_absolute else None


def _where(loader, name, kind):  # type: (Any, str, str) -> tuple[str, dict[str, Any]]
    """Return what a loader loads from, and of an archive where the candidates are in it."""
    if kind == "zip":
        return text(loader.archive + "/" + loader.prefix), _members(loader, name)  # type: ignore[return-value]
    return text(loader.path), {}  # type: ignore[return-value] # a text


def _has_own_attributes(loader, kind):  # type: (object, str) -> bool
    return kind == "zip" or _OWN_ATTRIBUTES.issuperset(vars(loader))


def _members(loader, name):  # type: (Any, str) -> dict[str, tuple[int, int] | None]
    """Return where the candidates of a module are in an archive, as the importer has read it."""
    stem = loader.prefix + name.rpartition(".")[2]
    candidates = [
        stem + middle + suffix for middle in ("/__init__", "") for suffix in _ZIP_SUFFIXES
    ]
    # Since 3.13 the importer may have forgotten them, and reads them again.
    files = loader._get_files() if hasattr(loader, "_get_files") else loader._files
    entries = [(one, files.get(one.replace("/", _SEPARATOR))) for one in candidates]
    return dict((one, entry and (entry[4], entry[7])) for one, entry in entries)


_SEPARATOR = "\\" if system.__name__ == "nt" else "/"


def _content(path):  # type: (str) -> bytes
    with open(path, "rb") as stream:
        return stream.read()


def _reader(loader, members):  # type: (Any, Any) -> Callable[[str], bytes]
    """Return what reads a file of an archive, as its importer does."""

    def read(path):  # type: (str) -> bytes
        path = path.replace(_SEPARATOR, "/")
        member = next(one for one in members if path.endswith("/" + one))
        return loader.get_data(loader.archive + _SEPARATOR + member.replace("/", _SEPARATOR))  # type: ignore[no-any-return]

    return read


def _compiled(path, read):  # type: (str, Callable[[str], bytes]) -> bytes | str
    """Return marshalled code, or the name of what compiling raises; its warnings are not shown."""
    stderr, sys.stderr = sys.stderr, None
    try:
        return dumps(compile(read(path), path, "exec", 0, True))  # noqa: FBT003
    except Exception as error:
        return type(error).__name__
    finally:
        sys.stderr = stderr


def observe(code, namespace, tell=None):
    # type: (str, dict[str, object], Tell | None) -> tuple[Report, Raised | None]
    """Run code; return the report, and what the code raised, as exc_info.

    Args:
        code: its text.
        namespace: where it runs.
        tell: told of every moment, as ``moments`` has them; returns the path of a source that
            is to be compiled, empty for none, and None for what is not of the project.

    Returns:
        ``asked`` has the names that were looked for, ``bodies`` those of all modules whose
        bodies ran, ``imported`` all modules that are new, ``raised`` type and text of what the
        code raised, or None.
    """
    with Witness(tell) as witness:
        return observed(code, namespace, witness)


def observed(code, namespace, witness):
    # type: (str, dict[str, object], Witness) -> tuple[Report, Raised | None]
    """Run code before a witness, who stays; see :func:`observe`."""
    if sys.version_info >= (3,):
        namespace["__builtins__"] = builtins
    before = set(sys.modules)
    raised = None  # type: Raised | None
    try:
        # Flags 0, and none of this file's own.
        exec(compile(code, "<run>", "exec", 0, True), namespace)  # noqa: FBT003, S102
    except BaseException:
        raised = sys.exc_info()  # type: ignore[assignment] # there is one here
    return _report(before, witness, raised), raised


def _report(before, witness, raised):  # type: (set[str], Witness, Raised | None) -> Report
    return {
        # In the order of their imports.
        "imported": [name for name in list(sys.modules) if name not in before],
        "asked": list(witness.asked),
        "bodies": list(witness.bodies),
        "raised": (raised[0].__name__, _described(raised[1])) if raised else None,
    }


def _described(error):  # type: (BaseException) -> str
    try:
        return str(error)
    except Exception:  # the user's own class
        return ""
