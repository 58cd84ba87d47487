"""Runs inside an oracle, under any Python from 2.7 on: imports for many sandboxes in one process.

Reads {"child": text of sandbox/child.py, "situations": [...]} as JSON; answers with one report
each, as text, and with the markers of the code that ran.
"""
# mypy: ignore-errors

import json
import sys

try:
    import _imp
except ImportError:  # 2.7
    _imp = None


def answer(observe, situation):
    modules = set(sys.modules)
    sys.path[0] = situation["request"]["root"]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = situation["dont_write_bytecode"]
    sys.pycache_prefix = situation["pycache_prefix"]
    if hasattr(_imp, "check_hash_based_pycs"):
        _imp.check_hash_based_pycs = situation["check_hash_based_pycs"]
    sys.ran = []
    report, _ = observe(situation["request"], {"__name__": "__main__"})
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    return {"report": repr(report), "ran": sys.ran}


def plain(value):
    """Return JSON's text as str: Python 2 would answer with unicode names."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return value if isinstance(value, (str, bool, type(None))) else value.encode("utf-8")


if __name__ == "__main__":
    batch = json.load(sys.stdin)
    namespace = {"__name__": "child"}
    exec(batch["child"], namespace)
    observe = namespace["observe"]
    answers = [answer(observe, plain(situation)) for situation in batch["situations"]]
    json.dump(answers, sys.stdout)
