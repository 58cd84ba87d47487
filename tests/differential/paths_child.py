"""Runs inside an oracle, from Python 3.6 on: computes cache paths.

Reads {"directory", "questions": [[function, path, optimization, prefix], ...]}
as JSON from standard input; answers the current directory, and for every
question a path or the name of the exception.
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
    except Exception as error:
        return {"error": type(error).__name__}


if __name__ == "__main__":
    request = json.load(sys.stdin)
    os.chdir(request["directory"])
    answers = [answer(*question) for question in request["questions"]]
    json.dump({"directory": os.getcwd(), "answers": answers}, sys.stdout)
