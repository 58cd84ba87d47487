"""Runs in the test's own process, and as the first part of ``child.py`` under any Python from 2.7 on.

It imports nothing but what every Python has built in: what the user's code imports is part of the
report. That code may replace whatever it likes, so no function of a module is looked up while it
runs, and the builtins are a copy.
"""
# ruff: noqa: BLE001, C402, SLF001, UP004, UP036 - it does run on 2.7, looks into importers, and no error
# of ours may reach the user's code

import marshal
import sys

try:
    import posix as system
except ImportError:  # Windows
    import nt as system  # type: ignore[no-redef]
try:
    import _thread as threads
except ImportError:  # 2.7
    import thread as threads  # type: ignore[import-not-found,no-redef]

__all__ = ["Witness", "observe", "observed", "system", "threads"]

TYPE_CHECKING = False  # an import of typing would be reported
if TYPE_CHECKING:  # for the comments that are types
    from collections.abc import Callable, Iterator  # noqa: F401
    from types import CodeType, FrameType, TracebackType  # noqa: F401
    from typing import Any  # noqa: F401

    from pytest_pycinspect.sandbox.moments import Report  # noqa: F401

    Raised = tuple[type[BaseException], BaseException, TracebackType]
    Tell = Callable[..., "str | None"]

if sys.version_info >= (3,):  # in 2.7 code with other builtins is restricted
    import builtins

    __builtins__ = dict(vars(builtins))  # type: ignore[assignment] # as functions find them
_dumps, _ident, _getcwd = marshal.dumps, threads.get_ident, system.getcwd
_umask, _geteuid = system.umask, getattr(system, "geteuid", None)
_getprofile, _setprofile = sys.getprofile, sys.setprofile
_frames = getattr(sys, "_current_frames", dict)

#: Modules that an import goes through, and which of their functions; none is all of them.
_MACHINERY = (
    ("_frozen_importlib", ()),
    ("_frozen_importlib_external", ()),
    ("zipimport", ()),
    ("_imp", ()),
    ("marshal", ("loads", "dumps")),
    ("_io", ("open_code", "open", "FileIO", "BytesIO")),
    ("builtins", ("compile", "exec")),
    (
        system.__name__,
        ("stat", "open", "replace", "rename", "mkdir", "listdir", "getcwd", "unlink"),
    ),
)
#: What a zip importer asks for code, whoever asks it.
_ZIP_CODE = "_get_module_code"
#: Class, function and kind of what gives the code of a module. The C of 2.7, and that of
#: zipimport up to 3.7, cannot be seen.
_LOADERS = (
    ("_frozen_importlib_external", "SourceFileLoader", "get_code", "source"),
    ("_frozen_importlib_external", "SourcelessFileLoader", "get_code", "sourceless"),
    ("zipimport", "zipimporter", _ZIP_CODE, "zip"),
)
#: Functions that ask the system for a file's content, and to write one.
_REFUSED = ("get_data", "_write_atomic")
#: Stands among them for code of the program's own: a handler of a signal, a finalizer.
_DISTURBED = "?"
_EVENTS = frozenset(("call", "return", "c_exception"))
_ZIP_SUFFIXES = (".pyc", ".py")
#: What a loader of Python's own has in it.
_OWN_ATTRIBUTES = frozenset(("name", "path"))


def _machinery():  # type: () -> Iterator[tuple[Any, str, str, object]]
    """Yield every function that an import goes through, and where it is kept."""
    for module, names in _MACHINERY:
        place = vars(sys.modules.get(module, object))
        for name in names or list(place):
            value = place.get(name)
            if callable(value):
                yield place, name, module + "." + name, value
            if isinstance(value, type) and value.__module__ == module:
                for key, part in list(vars(value).items()):
                    if callable(part) or isinstance(part, (staticmethod, classmethod)):
                        yield vars(value), key, name + "." + key, part


def _watched():  # type: () -> list[tuple[CodeType, str, type]]
    """Return the code of the functions that give the code of modules."""
    found = []  # type: list[tuple[CodeType, str, type]]
    for module, class_name, function, kind in _LOADERS:
        place = sys.modules.get(module)
        loader = getattr(place, class_name, None)
        get_code = getattr(place if kind == "zip" else loader, function, None)
        if hasattr(get_code, "__code__"):
            found.append((get_code.__code__, kind, loader))  # type: ignore[union-attr,arg-type] # found
    return found


_AS_IT_WAS = tuple(_machinery())


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
        self._watched = _watched()
        self._loads = {}  # type: dict[int, int]
        self._refused = {}  # type: dict[int, list[str]]
        self._codes = []  # type: list[tuple[CodeType, int]]
        self._count = 0
        self._threads = len(_frames())
        self._starters = _starters()
        self._hooked = False
        self._before = None  # type: Any
        self._profile = self._profiler()

    def find_spec(self, name, path=None, *_target):  # type: (str, object, object) -> None
        """Find nothing: the finders after it are asked next."""
        profiler = _getprofile()
        try:
            self.asked.append(name)
            if profiler is self._profile:
                _setprofile(None)  # our own work need not be watched
            if self._tell is not None:
                where = sys.path if path is None else _listed(path)
                is_theirs = profiler is not None and profiler is not self._profile
                environment = dict(self._environment(), profiler=is_theirs)
                source = self._tell("asks", _ident(), name, _texts(where), environment)
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
        handlers = {"<module>": self._body, "get_code": self._load, _ZIP_CODE: self._load}
        handlers.update((name, self._refuse) for name in _REFUSED)
        find, loads, hook = handlers.get, self._loads, getattr(sys, "addaudithook", self)

        def profile(frame, event, arg):  # type: (FrameType, str, object) -> None
            handle = find(frame.f_code.co_name)
            try:
                if handle is not None and event in _EVENTS:
                    handle(frame, event, arg)
                elif loads and event == "call" and frame.f_code.co_filename[:7] != "<frozen":
                    self._refused.setdefault(_ident(), []).append(_DISTURBED)
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
                payload = None if code is None else _dumps(code)
                self._tell("loaded", token, payload, self._refused.pop(_ident(), []))
            return
        if event != "call":
            return
        for code, kind, owner in self._watched:
            if frame.f_code is code:
                self._begin(frame, kind, owner)

    def _refuse(self, frame, event, _arg):  # type: (FrameType, str, object) -> None
        """Note that the system refused what a loader asked it for."""
        if event == "c_exception":
            self._refused.setdefault(_ident(), []).append(frame.f_code.co_name)

    def _begin(self, frame, kind, owner):  # type: (FrameType, str, type) -> None
        loader, name = frame.f_locals["self"], frame.f_locals["fullname"]
        if getattr(loader, "name", name) != name:  # it refuses that, and looks at nothing
            return
        is_own = type(loader) is owner
        if kind == "zip":
            file = loader.archive + "/" + loader.prefix
            members = _members(loader, name)
        else:
            is_own = is_own and _OWN_ATTRIBUTES.issuperset(vars(loader))
            file, members = loader.path, {}
        if not is_own:
            kind = type(loader).__name__ + " " + kind
        self._count += 1
        token = self._count
        assert self._tell is not None
        environment = self._environment()
        source = self._tell("loads", token, _ident(), name, kind, file, members, environment)
        if source is not None:  # it is of the project
            self._loads[id(frame)] = token
            self._refused[_ident()] = []
            is_zip = bool(members)
            self._compile_for(token, source, _reader(loader, members) if is_zip else _content)

    def _body(self, frame, event, _arg):  # type: (FrameType, str, object) -> None
        """Tell that the body of a module begins to run."""
        names = frame.f_globals
        if event == "return":
            if names.get("__name__") == "threading" and "setprofile" in names:
                names["setprofile"](self._profile)  # of threads that begin later
            return
        if event != "call":
            return
        name, code = str(names.get("__name__")), frame.f_code
        self.bodies.append(name)
        if self._tell is not None:
            token = next((token for known, token in self._codes if known is code), None)
            loader = names.get("__loader__")
            by = None if loader is None else type(loader).__name__
            file = _text(names.get("__file__"))
            told = self._tell("runs", token, name, file, code.co_filename, by, self._directory())
            if told is not None:
                self._tell("body", _dumps(code))

    def _compile_for(self, key, path, read):
        # type: (int | str, str | None, Callable[[str], bytes]) -> None
        """Tell what a source compiles to now, if that was asked."""
        if path and self._tell is not None:
            self._tell("compiled", key, _compiled(path, read))

    def _directory(self):  # type: () -> str | None
        try:
            return _getcwd()
        except OSError:  # it is gone
            return None

    def _environment(self):  # type: () -> dict[str, object]
        """Return what an import depends on at this moment, besides files."""
        _umask_now = _umask(0o77)
        _umask(_umask_now)
        return {
            "directory": self._directory(),
            "no_write": bool(sys.dont_write_bytecode),
            "prefix": _text(getattr(sys, "pycache_prefix", None)),
            "tag": _text(getattr(getattr(sys, "implementation", None), "cache_tag", "")),
            "level": getattr(sys.flags, "optimize", None),
            "hash_checks": str(
                getattr(sys.modules.get("_imp"), "check_hash_based_pycs", "default")
            ),
            "umask": _umask_now,
            "user": None if _geteuid is None else _geteuid(),
            "replaced": [
                label for place, name, label, value in _AS_IT_WAS if place.get(name) is not value
            ],
            "foreign": [
                type(finder).__name__
                for finder in sys.meta_path
                if finder is not self and all(finder is not known for known in self._finders)
            ],
            "company": self._hooked
            or len(_frames()) > self._threads
            or _starters() != self._starters,
        }

    def __enter__(self):  # type: () -> Witness
        self._finders = list(sys.meta_path)
        sys.meta_path.insert(0, self)
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
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        threading = sys.modules.get("threading")
        if threading is not None:
            threading.setprofile(self._before)


def _starters():  # type: () -> list[str]
    """Return which modules are there that start other processes."""
    return [name for name in ("_posixsubprocess", "_winapi") if name in sys.modules]


def _text(value):  # type: (object) -> object
    """Return a text or None as it is; of anything else, which importers do not take, a tuple."""
    if sys.version_info < (3,) and isinstance(value, str):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, str) else (str(type(value)),)


def _texts(values):  # type: (Any) -> list[object]
    return [_text(value) for value in values if isinstance(value, str)]


def _listed(path):  # type: (Any) -> list[object]
    """Return a ``__path__``, unless it can be gone through only once."""
    return list(path) if hasattr(path, "__len__") else []


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
        return _dumps(compile(read(path), path, "exec", 0, True))  # noqa: FBT003
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
    report = {
        # In the order of their imports.
        "imported": [name for name in list(sys.modules) if name not in before],
        "asked": list(witness.asked),
        "bodies": list(witness.bodies),
        "raised": (raised[0].__name__, _described(raised[1])) if raised else None,
    }  # type: Report
    return report, raised


def _described(error):  # type: (BaseException) -> str
    try:
        return str(error)
    except Exception:  # the user's own class
        return ""
