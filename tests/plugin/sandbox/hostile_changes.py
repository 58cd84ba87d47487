"""Programs that change files between imports, do odd things, and end in all ways."""

from __future__ import annotations

from .programs import ALL, EVERY, Program, only

__all__ = ["CHANGES", "ENDS", "ODDITIES"]

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
        compiled=only("new"),
    ),
    Program(
        "the program compiles what it does not import",
        "import py_compile\npy_compile.compile('new.py')\nimport fresh, old, liar, bad",
        unseen=only("new"),
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
        unseen=only("liar", "bad", "new"),
    ),
    Program(
        "another interpreter in the same process",
        "import _interpreters as i\ni.exec(i.create(), 'import sys; sys.path.insert(0, \"\"); import new')",
        unseen=only("new"),
        imported=only("new"),
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
        unseen=only("old", "new"),
    ),
    Program(
        "an audit hook refuses that anything is compiled",
        "import sys\n"
        "def hook(event, args):\n    if on and event == 'compile': raise ValueError\n"
        "on = True\nsys.addaudithook(hook)\nimport fresh\non = False\nimport old, liar, bad, new",
        unseen=only("fresh"),
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
        unseen=only("fresh"),
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
        unseen=only("fresh"),
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
        maybe=only("new"),
    ),
    Program(
        "all descriptors are closed",
        "import os\nimport fresh, old\nos.closerange(3, 200)\nimport liar, bad, new",
        unseen=only("liar", "bad", "new"),
    ),
    Program(
        "all descriptors are closed, and used for other files",
        "import os\nimport fresh, old\nos.closerange(3, 200)\n"
        "files = [open(f'file-{n}', 'w+') for n in range(30)]\nimport liar, bad, new\n"
        "assert not any(os.path.getsize(f'file-{n}') for n in range(30))",
        unseen=only("liar", "bad", "new"),
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
