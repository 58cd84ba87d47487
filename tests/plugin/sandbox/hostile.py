"""Programs that do to a sandbox what programs do, and worse: a table."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_pycinspect import Pycache

__all__ = ["ALL", "HARMLESS", "MODULES", "PROGRAMS", "Program", "prepare"]

T = 1_700_000_000
#: What the cache of each module is before: fresh, of an older source, of another source that looks
#: the same, of another Python; and none.
MODULES = ("fresh", "old", "liar", "bad", "new")
ALL = "import fresh, old, liar, bad, new\n"
EVERY = frozenset(MODULES)
_NONE: frozenset[str] = frozenset()


def text(name: str, letter: str = "A") -> str:
    """Return a source that has its marker as a constant; all letters give the same size."""
    return f"value = '<{name}:{letter}>'\n"


def prepare(project: Pycache) -> None:
    """Write the modules, with their caches."""
    for name in MODULES:
        project.write(name, text(name), mtime=T)
    for name in MODULES[:-1]:
        project.compile(name)
    project.touch("old", "+5s")
    project.edit("liar", text("liar", "B"), keep_mtime=True)
    project.corrupt("bad", magic="3.8")


def _pack(project: Pycache, *members: str, stale: bool = False) -> None:
    """Move modules, and caches beside them, into ``lib.zip``."""
    with zipfile.ZipFile(os.path.join(project.root, "lib.zip"), "w") as archive:
        for member in members:
            name = member.partition(".")[0]
            if member.endswith(".pyc"):
                path = project.compile(name, legacy=True)
                if stale:
                    project.corrupt(path, mtime=T - 10)
            archive.write(os.path.join(project.root, member), member)
    for name in {member.partition(".")[0] for member in members}:
        project.delete(name)
        pyc = os.path.join(project.root, f"{name}.pyc")
        if os.path.exists(pyc):
            os.remove(pyc)


@dataclass(frozen=True, slots=True)
class Program:
    """One program.

    Args:
        name: what it does.
        code: its text.
        unseen: modules of which the sandbox says that it did not observe them; all others are observed.
        maybe: modules of which it depends on the Python whether they are.
        compiled: modules that the program itself compiles, and writes the caches of.
        imported: modules that are imported at all.
        before: what is done to the project.
        flags: of the interpreter.
        since: of the first Python on which it can be run.
    """

    name: str
    code: str
    unseen: frozenset[str] = _NONE
    maybe: frozenset[str] = _NONE
    compiled: frozenset[str] = _NONE
    imported: frozenset[str] = EVERY
    before: Callable[[Pycache], object] = lambda project: None
    flags: Sequence[str] = ()
    since: tuple[int, int] = (3, 11)
    env: Mapping[str, str] = field(default_factory=dict)


def _only(*names: str) -> frozenset[str]:
    return frozenset(names)


_SPEC = """
import importlib.util as u
def load(name, path):
    spec = u.spec_from_file_location(name, path)
    module = u.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
"""
_THREAD = """
import threading
def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
def all_of_them():
    import fresh, old, liar, bad, new
"""

THREADS = (
    Program("a thread imports", _THREAD + "in_thread(all_of_them)"),
    Program(
        "a thread for each module",
        _THREAD
        + "for name in ('fresh', 'old', 'liar', 'bad', 'new'): in_thread(lambda: __import__(name))",
    ),
    Program(
        "threads at the same time",
        _THREAD + "threads = [threading.Thread(target=__import__, args=(name,)) for name in\n"
        "           ('fresh', 'old', 'liar', 'bad', 'new', 'new', 'old')]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]",
    ),
    Program(
        "a thread without threading",
        "import _thread\nlock = _thread.allocate_lock(); lock.acquire()\n"
        "def run():\n    import fresh, old, liar, bad, new\n    lock.release()\n"
        "_thread.start_new_thread(run, ()); lock.acquire()",
    ),
    Program(
        "a thread loads what no finder is asked for",
        _SPEC + _THREAD + "in_thread(lambda: [load(name, name + '.py') for name in"
        " ('fresh', 'old', 'liar', 'bad', 'new')])",
    ),
    Program(
        "another thread is busy meanwhile",
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(0.3,), daemon=True).start()\n" + ALL,
    ),
    Program(
        "threads are profiled by the program",
        _THREAD + "threading.setprofile(lambda *_: None)\nin_thread(all_of_them)",
        unseen=EVERY,
    ),
    Program(
        "a pool imports",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(3) as pool:\n"
        "    list(pool.map(__import__, ['fresh', 'old', 'liar', 'bad', 'new']))",
    ),
)

_FORK = "import os\nchild = os.fork()\n"
PROCESSES = (
    Program(
        "a forked process imports, and this one does not",
        _FORK
        + "if not child:\n    import fresh, old, liar, bad, new\n    os._exit(0)\nos.waitpid(child, 0)",
        unseen=EVERY,
    ),
    Program(
        "a fork, and this process imports", _FORK + f"if child:\n    {ALL}    os.waitpid(child, 0)"
    ),
    Program(
        "both import, one after the other",
        _FORK + f"if not child:\n    {ALL}    os._exit(0)\nos.waitpid(child, 0)\n" + ALL,
    ),
    Program(
        "a forked process ends as the program does",
        _FORK + "if child:\n    os.waitpid(child, 0)\n" + ALL,
    ),
    Program(
        "a process of its own imports",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-S', '-c', 'import fresh, old, liar, bad, new'])",
        unseen=_only("old", "bad", "new"),
        imported=_only("old", "bad", "new"),
    ),
    Program(
        "a shell imports",
        "import os, sys\nos.system(f'{sys.executable} -S -c \"import new\"')",
        unseen=_only("new"),
        imported=_only("new"),
    ),
    Program(
        "a process imports first, then this one",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-S', '-c', 'import fresh, old, liar, bad, new'])\n" + ALL,
    ),
    Program(
        "a process is spawned, and not waited for",
        "import os, sys\n"
        "os.posix_spawn(sys.executable, [sys.executable, '-S', '-c', 'pass'], os.environ)\n" + ALL,
    ),
)

RUNNING = (
    Program(
        "runpy runs modules",
        "import runpy\nfor name in ('fresh', 'old', 'liar', 'bad', 'new'): runpy.run_module(name)",
    ),
    Program(
        "runpy runs them as a program",
        "import runpy\nfor name in ('fresh', 'old', 'liar', 'bad', 'new'):\n"
        "    runpy.run_module(name, run_name='__main__', alter_sys=True)",
    ),
    Program(
        "runpy runs a directory",
        "import runpy\nwith open('__main__.py', 'w') as f: f.write('import fresh, old, liar, bad, new')\n"
        "runpy.run_path('.')",
        imported=EVERY | {"__main__"},
    ),
    Program(
        "code is compiled and run",
        "exec(compile('import fresh, old, liar, bad, new', 'x', 'exec'))",
    ),
    Program(
        "code with a module's name is run before it is imported",
        "exec(compile('value = 1', 'fresh.py', 'exec'), {'__name__': 'fresh'})\n" + ALL,
    ),
    Program(
        "code runs in a module that was imported",
        ALL + "exec('y = 2', vars(fresh)); eval('y + 1', vars(fresh))",
    ),
    Program(
        "a loader is asked for code that nobody runs",
        "import importlib.util as u\nfor name in ('fresh', 'old', 'liar', 'bad', 'new'):\n"
        "    u.find_spec(name).loader.get_code(name)",
    ),
    Program(
        "only specs are looked for",
        "import importlib.util as u\n[u.find_spec(n) for n in ('fresh', 'old', 'new')]\n",
        imported=_NONE,
    ),
    Program(
        "modules are loaded by their paths",
        _SPEC + "for name in ('fresh', 'old', 'liar', 'bad', 'new'): load(name, name + '.py')",
    ),
    Program(
        "modules have names that no finder would find",
        _SPEC + "for name in ('fresh', 'old', 'liar', 'bad', 'new'):\n"
        "    load('no such place.' + name, './sub/../' + name + '.py')",
        before=lambda project: os.mkdir(os.path.join(project.root, "sub")),
    ),
    Program(
        "modules are lazy",
        "import importlib.util as u, sys\n"
        "for name in ('fresh', 'old', 'liar', 'bad', 'new'):\n"
        "    spec = u.find_spec(name); loader = u.LazyLoader(spec.loader); spec.loader = loader\n"
        "    module = u.module_from_spec(spec); sys.modules[name] = module\n"
        "    loader.exec_module(module); module.value",
    ),
    Program(
        "modules are loaded again",
        ALL + "import importlib\nfor m in (fresh, old, liar, new): importlib.reload(m)",
    ),
    Program(
        "modules are imported again",
        ALL + "import sys\nfor n in ('fresh', 'old', 'new'): del sys.modules[n]\n" + ALL,
    ),
)

ZIPS = (
    Program(
        "sources in a zip file",
        "import sys\nsys.path.insert(0, 'lib.zip')\n" + ALL,
        before=lambda project: _pack(project, "fresh.py", "new.py"),
    ),
    Program(
        "bytecode and source in a zip file",
        "import sys\nsys.path.insert(0, 'lib.zip')\n" + ALL,
        before=lambda project: _pack(project, "fresh.py", "fresh.pyc"),
    ),
    Program(
        "old bytecode in a zip file",
        "import sys\nsys.path.insert(0, 'lib.zip')\n" + ALL,
        before=lambda project: _pack(project, "fresh.py", "fresh.pyc", stale=True),
    ),
    Program(
        "bytecode without source in a zip file",
        "import sys\nsys.path.insert(0, 'lib.zip')\n" + ALL,
        before=lambda project: _pack(project, "fresh.pyc"),
    ),
    Program(
        "a zip file by its absolute path, after others were looked at",
        ALL.replace("fresh, ", "") + "import sys, os\n"
        "sys.path.append(os.path.abspath('lib.zip'))\nimport fresh",
        before=lambda project: _pack(project, "fresh.py"),
    ),
    Program(
        "a zip file that the program writes",
        "import zipfile, sys\nwith zipfile.ZipFile('made.zip', 'w') as z: z.writestr('fresh.py', 'value = 2')\n"
        "sys.path.insert(0, 'made.zip')\n" + ALL,
    ),
    Program(
        "a zip file that is written anew after it was read",
        "import zipfile, sys\nsys.path.insert(0, 'lib.zip')\nimport old\n"
        "with zipfile.ZipFile('lib.zip', 'w') as z:\n"
        "    z.writestr('more.py', 'value = 2'); z.writestr('fresh.py', 'value = 3')\n"
        "try:\n    import fresh\nexcept Exception: pass\n",
        before=lambda project: _pack(project, "fresh.py"),
        unseen=_only("fresh"),
        imported=_only("fresh", "old"),
    ),
)


def _link(old: str, new: str) -> Callable[[Pycache], None]:
    return lambda project: os.symlink(old, os.path.join(project.root, new))


LINKS = (
    Program(
        "a link to a module",
        ALL + "import other",
        before=_link("fresh.py", "other.py"),
        imported=EVERY | {"other"},
    ),
    Program(
        "a link to a directory of the path",
        "import os, sys\nos.symlink('.', 'here'); sys.path.insert(0, 'here')\n" + ALL,
    ),
    Program(
        "a link from outside",
        "import os, sys\nos.symlink(os.getcwd(), '../outside')\n"
        "sys.path.insert(0, os.path.abspath('../outside'))\n" + ALL,
    ),
    Program(
        "a link in the place of a cache",
        "import os\n" + ALL,
        before=lambda project: os.symlink(project.pyc("fresh"), project.pyc("new")),
    ),
    Program(
        "a link in the place of the directory of caches",
        "import os\nos.rename('__pycache__', 'elsewhere'); os.symlink('elsewhere', '__pycache__')\n"
        + ALL,
    ),
    Program(
        "a link that leads nowhere, in the place of a cache",
        ALL,
        before=lambda project: os.symlink("/nowhere/at/all", project.pyc("new")),
    ),
)

WATCHERS = (
    Program(
        "a profiler of the program's own",
        "import sys\nsys.setprofile(lambda *_: None)\n" + ALL,
        unseen=EVERY,
    ),
    Program("the profiler is taken away", "import sys\nsys.setprofile(None)\n" + ALL),
    Program(
        "a profiler for a while",
        "import sys\nsys.setprofile(lambda *_: None)\nimport fresh, old\n"
        "sys.setprofile(None)\nimport liar, bad, new",
        unseen=_only("fresh", "old"),
    ),
    Program("a tracer", "import sys\nsys.settrace(lambda *_: None)\n" + ALL),
    Program(
        "a tracer of threads",
        _THREAD + "threading.settrace(lambda *_: None)\nin_thread(all_of_them)",
    ),
    Program(
        "a profiler made in C",
        "import cProfile\ncProfile.run('import fresh, old, liar, bad, new')",
        unseen=EVERY if sys.version_info < (3, 12) else _NONE,
    ),  # since then by sys.monitoring
    Program(
        "a profiler is set by a module that is imported",
        "import setting, " + ALL[7:],
        unseen=EVERY,
        imported=EVERY | {"setting"},
        before=lambda project: project.write("setting", "import sys; sys.setprofile(lambda *_: 0)"),
    ),
    Program(
        "a profiler that is taken away, and no finder is asked",
        _SPEC + "import sys\nspec = u.spec_from_file_location('new', 'new.py')\n"
        "module = u.module_from_spec(spec)\nsys.setprofile(None)\nspec.loader.exec_module(module)",
        unseen=_only("new"),
        imported=_only("new"),
    ),
    Program(
        "sys.monitoring",
        "import sys\nm = sys.monitoring\nm.use_tool_id(3, 'x')\n"
        "m.register_callback(3, m.events.PY_START, lambda *_: None)\n"
        "m.set_events(3, m.events.PY_START)\n" + ALL,
        since=(3, 12),
    ),
)

REPLACED = (
    Program("open is replaced", "import builtins\nbuiltins.open = None\n" + ALL),
    Program(
        "all that is harmless is replaced",
        "import builtins, os, sys\nfor name in ('repr', 'print', 'open', 'eval', 'vars', 'callable'):\n"
        "    setattr(builtins, name, None)\n" + ALL,
    ),
    Program("os.stat is replaced", "import os\nos.stat = None\n" + ALL),
    Program(
        "the system's stat is replaced",
        "import posix\nstat = posix.stat\nposix.stat = lambda *a, **k: stat(*a, **k)\n" + ALL,
        unseen=EVERY,
    ),
    Program(
        "compile is replaced",
        "import builtins\nwas = compile\n"
        "builtins.compile = lambda source, *a, **k: was('value = 7', *a, **k)\n" + ALL,
        unseen=EVERY,
    ),
    Program(
        "marshal.loads is replaced",
        "import marshal\nwas = marshal.loads\nmarshal.loads = lambda data: was(data)\n" + ALL,
        unseen=EVERY,
    ),
    Program(
        "a method of the loader is replaced",
        "from importlib.machinery import SourceFileLoader as S\n"
        "S.path_stats = lambda self, path: {'mtime': 0, 'size': 0}\n" + ALL,
        unseen=EVERY,
    ),
    Program(
        "get_code is replaced",
        "from importlib.machinery import SourceFileLoader as S\nfrom importlib.abc import SourceLoader\n"
        "import importlib._bootstrap_external as b\n"
        "b.SourceLoader.get_code = lambda self, name: compile('value = 5', self.path, 'exec')\n"
        + ALL,
        unseen=EVERY,
    ),
    Program(
        "__import__ is wrapped",
        "import builtins\nwas = __import__\nbuiltins.__import__ = lambda *a, **k: was(*a, **k)\n"
        + ALL,
    ),
    Program(
        "a loader of the program's own",
        "import importlib.machinery as m, sys\n"
        "class Mine(m.SourceFileLoader):\n    def get_data(self, path):\n        return b'value = 9'\n"
        "sys.path_hooks.insert(0, m.FileFinder.path_hook((Mine, ['.py'])))\n"
        "sys.path_importer_cache.clear()\n" + ALL,
        unseen=EVERY,
    ),
    Program(
        "a finder of the program's own",
        "import importlib.util as u, sys\nclass Mine:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        return u.spec_from_file_location(name, 'fresh.py') if name == 'new' else None\n"
        "sys.meta_path.insert(0, Mine())\n" + ALL,
    ),
    Program(
        "no finder is left of ours",
        "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if isinstance(f, type)]\n" + ALL,
    ),
    Program(
        "neither finder nor profiler is left",
        "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if isinstance(f, type)]\n"
        "sys.setprofile(None)\n" + ALL,
        unseen=EVERY,
    ),
    Program(
        "a module is made by hand",
        "import sys, types\nsys.modules['new'] = types.ModuleType('new')\nimport fresh, old, liar, bad, new",
        unseen=_only("new"),
    ),
    Program(
        "an instance of the loader is changed",
        "import importlib.util as u\nspec = u.find_spec('new')\n"
        "spec.loader.get_data = lambda path: b'value = 4'\n"
        "spec.loader.exec_module(u.module_from_spec(spec))\nimport fresh, old, liar, bad",
        unseen=_only("new"),
    ),
)

SETTINGS = (
    Program(
        "writing is switched off", "import sys\nimport old\nsys.dont_write_bytecode = True\n" + ALL
    ),
    Program(
        "writing is switched on",
        "import sys\nsys.dont_write_bytecode = False\n" + ALL,
        flags=("-B",),
    ),
    Program(
        "a prefix is set",
        "import sys\nimport old\nsys.pycache_prefix = sys.path[0] + '/caches'\n" + ALL,
    ),
    Program(
        "a relative prefix, and another directory",
        "import os, sys\nsys.pycache_prefix = 'caches'\nos.mkdir('sub'); os.chdir('sub')\n" + ALL,
    ),
    Program(
        "a prefix that is no text",
        "import sys\nsys.pycache_prefix = 5\ntry:\n    import new\n"
        "except Exception: pass\nsys.pycache_prefix = None\nimport fresh, old, liar, bad",
        imported=EVERY - {"new"},
    ),
    Program("no tag", "import sys\nsys.implementation.cache_tag = None\n" + ALL),
    Program("another tag", "import sys\nsys.implementation.cache_tag = 'other-1'\n" + ALL),
    Program(
        "other flags",
        "import sys, types\nsys.flags = types.SimpleNamespace(optimize=2,"
        " **{n: getattr(sys.flags, n) for n in dir(sys.flags) if n[0] != '_' and n != 'optimize'})\n"
        + ALL,
    ),
    Program(
        "hashes are checked",
        "import _imp\n_imp.check_hash_based_pycs = 'always'\n" + ALL,
        before=lambda project: [
            project.compile("fresh", "unchecked-hash"),
            project.edit("fresh", text("fresh", "B")),
        ],
    ),
    Program("another umask", "import os\nos.umask(0o077)\n" + ALL),
    Program(
        "the path is relative, and the directory changes",
        "import os, sys\nsys.path[0] = ''\nos.mkdir('sub'); os.chdir('sub'); os.chdir('..')\n"
        + ALL,
    ),
    Program(
        "the directory changes to one with modules of these names",
        "import os, sys\nsys.path[0] = ''\nos.mkdir('sub')\n"
        "for n in ('fresh', 'new'): open(f'sub/{n}.py', 'w').write(f\"value = '<{n}:C>'\")\n"
        "os.chdir('sub')\nimport fresh, new\nos.chdir('..')\nimport old, liar, bad",
    ),
    Program(
        "the directory is gone",
        "import os, sys\nos.mkdir('sub'); os.chdir('sub'); os.rmdir('../sub')\n" + ALL,
        unseen=EVERY,
    ),
    Program("warnings are errors", ALL, flags=("-W", "error")),
    Program("the interpreter optimises", ALL, flags=("-OO",)),
)

CHANGES = (
    Program(
        "caches are deleted",
        "import shutil\nimport fresh, old\nshutil.rmtree('__pycache__')\nimport liar, bad, new",
    ),
    Program(
        "caches are deleted, and modules imported again",
        ALL + "import shutil, sys\nshutil.rmtree('__pycache__')\n"
        "for n in ('fresh', 'old', 'liar', 'bad', 'new'): del sys.modules[n]\n" + ALL,
    ),
    Program(
        "a source is edited and loaded again",
        ALL + "import importlib, os\nopen('fresh.py', 'w').write(\"value = '<fresh:C>'\")\n"
        "importlib.reload(fresh)",
    ),
    Program(
        "a source is edited before it is imported",
        "open('fresh.py', 'w').write(\"value = '<fresh:C>' + ''\")\n" + ALL,
    ),
    Program(
        "a source is made",
        "open('made.py', 'w').write(\"value = '<made:A>'\")\nimport importlib\n"
        "importlib.invalidate_caches()\nimport made\n" + ALL,
        imported=EVERY | {"made"},
    ),
    Program("a source is deleted after it was imported", ALL + "import os\nos.remove('new.py')"),
    Program(
        "a source is deleted before it is imported",
        "import os\nos.remove('fresh.py')\ntry:\n    import fresh\nexcept ImportError: pass\n"
        "import old, liar, bad, new",
    ),
    Program(
        "the program compiles a module itself",
        "import py_compile\npy_compile.compile('new.py')\n" + ALL,
        compiled=_only("new"),
    ),
    Program(
        "the program compiles what it does not import",
        "import py_compile\npy_compile.compile('new.py')\nimport fresh, old, liar, bad",
        unseen=_only("new"),
    ),
    Program(
        "a file is in the place of the directory of caches",
        "import shutil\nshutil.rmtree('__pycache__')\nopen('__pycache__', 'w').close()\n" + ALL,
    ),
    Program(
        "modules import one another",
        "import left\n" + ALL,
        imported=EVERY | {"left", "right"},
        before=lambda project: [
            project.write("left", "import right\nvalue = '<left:A>'"),
            project.write("right", "import left\nvalue = '<right:A>'"),
        ],
    ),
    Program(
        "a module fails, and again",
        "for _ in range(2):\n    try:\n        import fails\n    except ZeroDivisionError: pass\n"
        + ALL,
        imported=EVERY | {"fails"},
        before=lambda project: project.write("fails", "value = '<fails:A>'\n1 / 0"),
    ),
    Program(
        "a module takes itself away",
        "import gone\n" + ALL,
        imported=EVERY | {"gone"},
        before=lambda project: project.write(
            "gone", "import sys\nvalue = '<gone:A>'\nsys.modules[__name__] = sys"
        ),
    ),
)

ODDITIES = (
    Program(
        "a source is not called .py",
        ALL + "import importlib.machinery as m, types\n"
        "open('thing.txt', 'w').write(\"value = '<thing:A>'\")\n"
        "for _ in range(2): m.SourceFileLoader('thing', 'thing.txt').exec_module(types.ModuleType('thing'))",
        imported=EVERY | {"thing"},
    ),
    Program(
        "a directory with letters of all kinds",
        "import sys\nsys.path.insert(0, 'd\u00fc r\u0436 \U0001f600')\n" + ALL,
        before=lambda project: project.write("d\u00fc r\u0436 \U0001f600/inner.py", "x = 1"),
    ),
    Program(
        "a path that can be gone through only once",
        ALL + "import p\np.__path__ = iter(p.__path__)\nimport p.m",
        imported=EVERY | {"m"},
        before=lambda project: project.write("p.m", "value = '<m:A>'"),
    ),
    Program(
        "a package whose path is another directory",
        ALL + "import os, p\nos.mkdir('q'); open('q/m.py', 'w').write(\"value = '<m:C>'\")\n"
        "p.__path__ = ['q']\nimport p.m",
        imported=EVERY | {"m"},
        before=lambda project: project.write("p.m", "value = '<m:A>'"),
    ),
    Program(
        "the program writes where the sandbox is told",
        "import os\nimport fresh, old\n"
        "for fd in range(3, 40):\n    try: os.write(fd, b'junk\\n')\n    except OSError: pass\n"
        "import liar, bad, new",
        unseen=_only("liar", "bad", "new"),
    ),
    Program(
        "another interpreter in the same process",
        "import _interpreters as i\ni.exec(i.create(), 'import sys; sys.path.insert(0, \"\"); import new')",
        unseen=_only("new"),
        imported=_only("new"),
        since=(3, 13),
    ),
    Program(
        "a loader is asked for another module",
        "import importlib.machinery as m\n"
        "try: m.SourceFileLoader('x', 'fresh.py').get_code('y')\nexcept ImportError: pass\n" + ALL,
    ),
    Program(
        "an audit hook refuses what an import does",
        "import sys\non = True\n"
        "def hook(event, args):\n"
        "    if on and event == 'compile' and 'new.py' in str(args[1]): raise ValueError\n"
        "    if on and event == 'open' and 'old.cpython' in str(args[0]): raise ValueError\n"
        "sys.addaudithook(hook)\n"
        "for name in ('new', 'old'):\n    try: __import__(name)\n    except ValueError: pass\n"
        "on = False\nimport fresh, liar, bad",
        unseen=_only("old", "new"),
    ),
    Program(
        "an audit hook refuses that anything is compiled",
        "import sys\n"
        "def hook(event, args):\n    if on and event == 'compile': raise ValueError\n"
        "on = True\nsys.addaudithook(hook)\nimport fresh\non = False\nimport old, liar, bad, new",
        unseen=_only("fresh"),
    ),
    Program(
        "a handler of a signal ends what an import does",
        "import signal, sys\n"
        "def handler(*_): raise ValueError\n"
        "def hook(event, args):\n"
        "    if on and event == 'open' and 'fresh.cpython' in str(args[0]):\n"
        "        signal.raise_signal(signal.SIGUSR1)\n"
        "on = True\nsignal.signal(signal.SIGUSR1, handler)\nsys.addaudithook(hook)\n"
        "try: import fresh\nexcept ValueError: pass\n"
        "on = False\nimport old, liar, bad, new",
        unseen=_only("fresh"),
    ),
    Program(
        "a tracer ends what an import does",
        "import sys\non = True\n"
        "def tracer(frame, event, arg):\n    global on\n"
        "    if on and event == 'line' and frame.f_code.co_name == 'get_code':\n"
        "        on = False\n        raise ValueError\n"
        "    return tracer\n"
        "sys.settrace(tracer)\n"
        "try: import fresh\nexcept ValueError: pass\n"
        "sys.settrace(None)\nimport old, liar, bad, new",
        unseen=_only("fresh"),
    ),
    Program(
        "paths that are not text",
        "import sys, pathlib\nsys.path[:0] = [pathlib.Path('x'), b'y', None, 5]\n" + ALL,
    ),
    Program(
        "importlib by all its names",
        "import importlib\nimportlib.import_module('fresh'); importlib.__import__('old')\n"
        "__import__('liar'); exec('from bad import *'); exec('import new as n', {})",
    ),
    Program(
        "zipfile and pkgutil look at everything",
        "import pkgutil\n[m.name for m in pkgutil.walk_packages(['.'])]\n"
        + ALL
        + "pkgutil.get_data('fresh', 'fresh.py')",
    ),
    Program(
        "frames and modules are looked through",
        ALL + "import gc, inspect, sys\n[vars(m) for m in list(sys.modules.values())]\n"
        "inspect.stack(); gc.collect(); [repr(f) for f in sys.meta_path]",
    ),
)

ENDS = (
    Program(
        "imported at exit",
        "import atexit\natexit.register(lambda: exec('import fresh, old, liar, bad, new', {}))",
    ),
    Program("os._exit", ALL + "import os\nos._exit(3)"),
    Program(
        "os._exit in a module",
        "import ends",
        imported=EVERY | {"ends"},
        before=lambda project: project.write(
            "ends", "value = '<ends:A>'\nimport fresh, old, liar, bad, new, os\nos._exit(3)"
        ),
    ),
    Program("a signal", ALL + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    Program(
        "sys.exit in a module",
        "import ends",
        imported=EVERY | {"ends"},
        before=lambda project: project.write(
            "ends", "value = '<ends:A>'\nimport fresh, old, liar, bad, new, sys\nsys.exit('so')"
        ),
    ),
    Program("an error", ALL + "1 / 0"),
    Program(
        "deep recursion",
        "def deep(n):\n    return deep(n - 1) if n else __import__('new')\n"
        "import sys\nfor depth in range(sys.getrecursionlimit() - 60, 0, -7):\n"
        "    try:\n        deep(depth); break\n    except RecursionError: sys.modules.pop('new', None)\n"
        "import fresh, old, liar, bad",
        maybe=_only("new"),
    ),
    Program(
        "all descriptors are closed",
        "import os\nimport fresh, old\nos.closerange(3, 200)\nimport liar, bad, new",
        unseen=_only("liar", "bad", "new"),
    ),
    Program(
        "all descriptors are closed, and used for other files",
        "import os\nimport fresh, old\nos.closerange(3, 200)\n"
        "files = [open(f'file-{n}', 'w+') for n in range(30)]\nimport liar, bad, new\n"
        "assert not any(os.path.getsize(f'file-{n}') for n in range(30))",
        unseen=_only("liar", "bad", "new"),
    ),
    Program(
        "standard streams are replaced",
        "import io, sys\nsys.stdout = sys.stderr = io.StringIO()\nsys.stdin = None\n" + ALL,
    ),
    Program(
        "standard streams are closed", "import sys\nsys.stdout.close(); sys.stderr.close()\n" + ALL
    ),
    Program(
        "standard descriptors are closed",
        "import os\nos.close(0); os.close(1); os.close(2)\n" + ALL,
    ),
    Program(
        "an import by a handler of a signal",
        "import signal, os\nsignal.signal(signal.SIGUSR1, lambda *_: __import__('new'))\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\nimport fresh, old, liar, bad",
    ),
    Program(
        "an import by a finalizer",
        "class A:\n    def __del__(self):\n        import fresh, old, liar, bad, new\nA()\nimport gc; gc.collect()",
    ),
    Program(
        "no file can be written",
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n" + ALL,
    ),
    Program(
        "the program is a generator, and a coroutine",
        "async def main():\n    import fresh, old, liar, bad, new\n"
        "try:\n    main().send(None)\nexcept StopIteration: pass",
    ),
    Program("everything in sys.modules is dropped", ALL + "import sys\nsys.modules.clear()"),
)

PROGRAMS = (
    *THREADS,
    *PROCESSES,
    *RUNNING,
    *ZIPS,
    *LINKS,
    *WATCHERS,
    *REPLACED,
    *SETTINGS,
    *CHANGES,
    *ODDITIES,
    *ENDS,
)

#: Those that can be run in this process, too.
HARMLESS = (*THREADS, *RUNNING, *ZIPS, *LINKS)
