"""Programs that import from threads, processes, programs, zip files and through links."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable

from pytest_pycinspect import Pycache

from .programs import ALL, EVERY, NONE, SPEC, THREAD, Program, T, only

__all__ = ["LINKS", "PROCESSES", "RUNNING", "THREADS", "ZIPS"]

THREADS = (
    Program("a thread imports", THREAD + "in_thread(all_of_them)"),
    Program(
        "a thread for each module",
        THREAD
        + "for name in ('fresh', 'old', 'liar', 'bad', 'new'): in_thread(lambda: __import__(name))",
    ),
    Program(
        "threads at the same time",
        THREAD + "threads = [threading.Thread(target=__import__, args=(name,)) for name in\n"
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
        SPEC + THREAD + "in_thread(lambda: [load(name, name + '.py') for name in"
        " ('fresh', 'old', 'liar', 'bad', 'new')])",
    ),
    Program(
        "another thread is busy meanwhile",
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(0.3,), daemon=True).start()\n" + ALL,
    ),
    Program(
        "threads are profiled by the program",
        THREAD + "threading.setprofile(lambda *_: None)\nin_thread(all_of_them)",
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
        unseen=only("old", "bad", "new"),
        imported=only("old", "bad", "new"),
    ),
    Program(
        "a shell imports",
        "import os, sys\nos.system(f'{sys.executable} -S -c \"import new\"')",
        unseen=only("new"),
        imported=only("new"),
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
        imported=NONE,
    ),
    Program(
        "modules are loaded by their paths",
        SPEC + "for name in ('fresh', 'old', 'liar', 'bad', 'new'): load(name, name + '.py')",
    ),
    Program(
        "modules have names that no finder would find",
        SPEC + "for name in ('fresh', 'old', 'liar', 'bad', 'new'):\n"
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
        unseen=only("fresh"),
        imported=only("fresh", "old"),
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
