"""Small functions with what is known of them: loops, calls, imports."""

from __future__ import annotations

import textwrap

__all__ = ["ASYNCHRONOUS", "CALLS", "IMPORTS", "LOOPS", "function"]

#: The body of a function, and how many loops it has.
LOOPS = {
    # for
    "for x in y:\n    f(x)": 1,
    # while
    "while y:\n    f()": 1,
    # forever
    "while True:\n    f()": 1,
    # with continue
    "while y():\n    f()\n    if y: continue\n    g()": 1,
    # two conditions
    "while y() and z() or g():\n    if f(): continue\n    g()": 1,
    # a conditional condition
    "while (f() if y else z):\n    if f(): continue\n    g()": 1,
    # a condition with a constant
    "while y and f() or 1:\n    g()": 1,
    # a condition with a comprehension
    "while [f(x) for x in y]:\n    if y: continue\n    g()": 1,
    # forever, continue, try
    "while True:\n    while True:\n        try:\n            f()\n        except E:\n            continue\n        else:\n            break\n    g()": 1,
    # forever, try
    "while True:\n    try:\n        while y: f()\n    finally:\n        g()": 2,
    # else
    "for x in y:\n    if x: break\nelse:\n    f()": 1,
    # nested
    "for x in y:\n    while x:\n        f()\nfor z in y: g()": 3,
    # inside forever
    "while True:\n    for x in y:\n        f()": 2,
    # a cold handler
    "try:\n    f()\nexcept E:\n    if y: g()\nf()": 0,
    # a handler that goes on
    "for x in y:\n    try:\n        return f(x)\n    except E:\n        g()": 1,
    # retry
    "while True:\n    try:\n        return f()\n    except E:\n        g()": 1,
    # with
    "with f() as x:\n    g(x)\ng()": 0,
    # with may go on
    "for x in y:\n    with x: return 1": 1,
    # in finally
    "try:\n    f()\nfinally:\n    for x in y: g(x)\nreturn 1": 1,
    # in finally, with return
    "for x in y:\n    try:\n        if x: return f()\n    finally:\n        while z: g()\n": 2,
    # finally returns
    "while True:\n    try:\n        f()\n    finally:\n        return 1": 0,
    # comprehensions
    "return [x for x in y], {x for x in y if x}, {x: [w for w in x] for x in y}": 0,
    # comprehensions in a loop
    "for x in y:\n    f([z for z in x for w in z])": 1,
    # an attribute as a target
    "return [1 for g.x in y]": 0,
    # a loop over a comprehension
    "for x in [z for z in y]:\n    f(x)": 1,
    # generator expressions
    "return any(x for x in y), all(x for x in y), tuple(x for x in y)": 0,
    # yield from
    "for x in (yield from y):\n    f(x)\nyield from y": 1,
    # it returns
    "for x in y:\n    return x": 0,
    # it breaks
    "while y:\n    f()\n    break": 0,
    # it raises
    "for x in y:\n    raise E(x)": 0,
    # never
    "while 0:\n    f()": 0,
    # after return
    "return 1\nwhile y: f()": 0,
    # no body
    "for x in y: pass": 1,
}
#: The same of ``async def``.
ASYNCHRONOUS = {
    # async for
    "async for x in y:\n    f(x)": 1,
    # await
    "await y\nasync with y: await f()": 0,
    # await in a loop
    "for x in y:\n    await x": 1,
    # comprehension
    "for x in y:\n    f([z async for z in x], [await z for z in x])": 1,
    # with continue
    "async for x in y:\n    if x: continue\n    await f()": 1,
}
#: The body of a function, and what it calls.
CALLS = {
    "return C(), C()": ["C", "C"],
    "C(); C()": ["C", "C"],
    "try: g()\nfinally: h()": ["g", "h"],
    "try: return g()\nfinally: h(); h()": ["g", "h", "h"],
    "for x in y:\n    try:\n        if x: continue\n        g()\n    finally: h([k(z) for z in y])": [
        "g",
        "h",
        "k",
    ],
    "g(a or b)": ["g"],
    "return g(a if b else c)": ["g"],
    "return h(g(a), 1) if a else h(g(a), 1)": ["g", "g", "h", "h"],
    "while g(): h()": ["g", "h"],
    "while g():\n    if a: continue\n    h()": ["g", "h"],
    "while g() and k() or a:\n    h()": ["g", "h", "k"],
    "if a:\n    x = 1\nelse:\n    x = 2\nreturn g(x)": ["g"],
    "return g(g(a,\n    b), g(a,\n    b))": ["g", "g", "g"],
    "return g(a) or (g(b) and\n    g(c)) or g(a)": ["g", "g", "g", "g"],
    "return [k(i) for i in a] == [k(i) for i in b]": ["k", "k"],
    "(a or b)()": ["a or b"],
    "@g\n@h(1)\ndef x(): pass": ["g", "h", "h(1)"],
    "assert a, g()": ["AssertionError", "g"],
    "assert (a if b else c), g()": ["AssertionError", "g"],
    "class K(g()): pass": ["g"],
    "(lambda: 1)()": ["<lambda>"],
    "with g() as x, h(): pass": ["g", "h"],
    "return any(g(x) for x in h())": ["any", "h"],
    "if [a]: return g()\nh()": ["g", "h"],
    "if (a,): return g()\nelse: h()": ["g", "h"],
    "try: x = 1\nexcept E(): h()": ["E", "h"],
    "if 0: g()\nwhile 0: g()\nh()": ["h"],
    "return 1\ng()": [],
    "assert (x := 1), g()": ["AssertionError", "g"],
}
#: An import, and what it is in ``imports``.
IMPORTS = {
    "import a": ["a"],
    "import a.b": ["a.b"],
    "import a.b as c": ["a.b"],
    "import a.b.c as d, e": ["a.b.c", "e"],
    "from a import b": ["a", "a.b"],
    "from a.b import c as d": ["a.b", "a.b.c"],
    "from . import b": [".", ".b"],
    "from .a import b": [".a", ".a.b"],
    "from ...a.b import c": ["...a.b", "...a.b.c"],
    "from .. import a, b": ["..", "..a", "..b"],
}


def function(body: str, head: str = "def") -> str:
    """Return the source of a function ``f``."""
    return f"{head} f(a, b, c, y=1, z=2):\n{textwrap.indent(body, '    ')}\n"
