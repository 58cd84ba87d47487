"""Programs that watch, replace and set what imports depend on."""

from __future__ import annotations

import sys

from .programs import ALL, EVERY, NONE, SPEC, THREAD, Program, only, text

__all__ = ["REPLACED", "SETTINGS", "WATCHERS"]

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
        unseen=only("fresh", "old"),
    ),
    Program("a tracer", "import sys\nsys.settrace(lambda *_: None)\n" + ALL),
    Program(
        "a tracer of threads",
        THREAD + "threading.settrace(lambda *_: None)\nin_thread(all_of_them)",
    ),
    Program(
        "a profiler made in C",
        "import cProfile\ncProfile.run('import fresh, old, liar, bad, new')",
        unseen=EVERY if sys.version_info < (3, 12) else NONE,
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
        SPEC + "import sys\nspec = u.spec_from_file_location('new', 'new.py')\n"
        "module = u.module_from_spec(spec)\nsys.setprofile(None)\nspec.loader.exec_module(module)",
        unseen=only("new"),
        imported=only("new"),
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
        unseen=only("new"),
    ),
    Program(
        "an instance of the loader is changed",
        "import importlib.util as u\nspec = u.find_spec('new')\n"
        "spec.loader.get_data = lambda path: b'value = 4'\n"
        "spec.loader.exec_module(u.module_from_spec(spec))\nimport fresh, old, liar, bad",
        unseen=only("new"),
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
