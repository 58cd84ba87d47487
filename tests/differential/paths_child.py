"""Runs inside an oracle, from Python 3.6 on: computes cache paths.

Reads [[directory, [[function, path, optimization, prefix], ...]], ...] as JSON
from standard input; answers every question with a path or the name of an exception.
"""

import json
import os
import sys
from importlib.util import cache_from_source, source_from_cache


def answer(function, path, optimization, prefix):
    sys.pycache_prefix = prefix
    try:
        if function == "cache_from_source":
            return {"path": cache_from_source(path, optimization=optimization)}
        return {"path": source_from_cache(path)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"error": type(error).__name__}


def answers(directory, questions):
    os.chdir(directory)
    return [answer(*question) for question in questions]


if __name__ == "__main__":
    json.dump([answers(*batch) for batch in json.load(sys.stdin)], sys.stdout)
