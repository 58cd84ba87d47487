"""Runs in Jython 2.7: says what it does with class files. Reads JSON, prints JSON."""

import json
import sys

from java.lang import String, Throwable
from org.python.core import BytecodeLoader


def codes(path, name):
    """Return the code objects of a class file, of which nothing is run but its constructor."""
    with open(path, "rb") as data:  # Jython does not close what is dropped
        content = data.read()
    java = BytecodeLoader.makeClass(name, content)
    table = java.getConstructor([String]).newInstance(["FILE"])
    found = []
    for field in java.getDeclaredFields():
        field.setAccessible(True)
        if field.getName() != "self" and "org.python.core.PyCode " in field.toString():
            code = field.get(table)
            if type(code).__name__ == "tablecode":
                found.append(described(field.getName(), code))
    return found


def described(field, code):
    return {
        "method": field,
        "name": code.co_name,
        "first_line": code.co_firstlineno,
        "argument_count": code.co_argcount,
        "flags": int(code.co_flags),
        "varnames": list(code.co_varnames or ()),
        "cellvars": list(code.co_cellvars or ()),
        "freevars": list(code.co_freevars or ()),
    }


def imported(folder, name):
    """Import a module and say which code it had: it prints nothing, it has a variable ``made``."""
    sys.path.insert(0, folder)
    sys.path_importer_cache.clear()
    sys.modules.pop(name, None)
    try:
        try:
            module = __import__(name)
            return {"outcome": getattr(module, "made", "nothing"), "file": module.__file__}
        except ImportError as error:
            return {"outcome": "raise", "exception": "ImportError", "message": str(error)}
        except SyntaxError as error:
            return {"outcome": "raise", "exception": "SyntaxError", "message": str(error)}
        except Throwable as error:
            return {"outcome": "raise", "exception": error.getClass().getName()}
    finally:
        sys.path.remove(folder)
        sys.modules.pop(name, None)


def main():
    request = json.loads(sys.stdin.read())
    answer = {
        "codes": [codes(path, name) for path, name in request.get("codes", ())],
        "imports": [imported(folder, str(name)) for folder, name in request.get("imports", ())],
    }
    print(json.dumps(answer))


main()
