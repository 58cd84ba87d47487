"""A world whose objects tell what is done to them; runs under every Python from 3.8 on.

Programs that :mod:`tests.canonical.programs` writes meet nothing but proxies: every attribute,
item, call, truth test, iteration, comparison and format is a line of the log, and what it
returns, or raises, is decided by a seed and by how many lines there are already. Two programs
that do the same thus write the same log, and the first difference shows where they part.

In a restless world, whatever is done to a proxy may also change global variables, and those of
functions that a program gives to ``hook``.

As a script it is a child of the oracles: {"jobs": [[source, [seed, ...]], ...]} in, logs out;
"restless" says of which kind all worlds are.
"""

import json
import re
import sys
import types
import warnings

#: Lines of one log; a loop that is in it for longer ends with an exception that all loops see.
LONGEST = 120
#: Characters of a string that a program has raised; the interpreter's messages are longer.
_LONGEST_WORD = 8
#: How deep descriptions of values and of chained exceptions go.
_DEEPEST = 4


class Error1(Exception):  # noqa: N818 - numbered
    pass


class Error2(Error1):
    pass


class Error3(Exception):  # noqa: N818 - numbered
    pass


class Spent(BaseException):
    """The log is full."""


class World:
    """The log, and what happens next."""

    def __init__(self, seed):
        self.state = seed * 2 + 1
        self.log = []
        self.made = 0
        self.hooks = []
        self.is_turning = False

    def decide(self, count):
        """Return a number below ``count``: the same for a seed and a length of the log."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % count

    def note(self, *words):
        """Add a line, then perhaps raise."""
        if len(self.log) >= LONGEST:
            raise Spent
        self.log.append(" ".join(map(str, words)))
        self.turn()
        chance = self.decide(80)
        if chance < 4:
            kind = (Error1, Error2, Error3, ValueError)[chance]
            raise kind(len(self.log))

    def turn(self):
        """Perhaps change a variable; no hook is called while one runs."""
        if not self.hooks or self.is_turning or self.decide(2):
            return
        self.is_turning = True
        try:
            self.hooks[self.decide(len(self.hooks))](self.proxy())
        finally:
            self.is_turning = False

    def proxy(self):
        self.made += 1
        return Proxy(self, f"p{self.made}")

    def value(self):
        """Return something to work on."""
        choice = self.decide(20)
        if choice < 16:
            return self.proxy()
        if choice == 16:
            return [self.proxy() for _ in range(self.decide(4))]
        if choice == 17:
            return {f"k{i}": self.proxy() for i in range(self.decide(3))}
        return (0, 1, None, "text", True)[self.decide(5)]


def _logged(word, result):
    """Return a method that is a line of the log."""

    def method(self, *args, **kwargs):
        world = object.__getattribute__(self, "_world")
        name = object.__getattribute__(self, "_name")
        named = [f"{key}={shown(value)}" for key, value in kwargs.items()]
        world.note(name, word, *[shown(arg) for arg in args], *named)
        return result(world)

    return method


def _logged_coroutine(word, result):
    plain = _logged(word, result)

    async def method(self, *args):
        return plain(self, *args)

    return method


def _truth(world):
    return bool(world.decide(2))


def _iterator(world):
    return Iterator(world, world.decide(4))


def _returns_self(word):
    plain = _logged(word, _truth)

    def method(self, *args):
        plain(self, *args)
        return self

    return method


class Iterator:
    """Gives a few values; for ``for``, ``async for``, ``await`` and ``yield from``."""

    def __init__(self, world, count):
        self.world, self.count = world, count
        world.made += 1
        self.name = f"i{world.made}"

    def __iter__(self):
        return self

    def __aiter__(self):
        return self

    def _step(self, end):
        self.world.note(self.name, "next")
        if self.count == 0:
            raise end
        self.count -= 1
        return self.world.value()

    def __next__(self):
        return self._step(StopIteration)

    async def __anext__(self):
        return self._step(StopAsyncIteration)


_BINARY = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
]
_COMPARED = ["eq", "ne", "lt", "le", "gt", "ge"]


def _attribute(self, name):
    if name == "__qualname__":  # for a message, since 3.9: else the interpreter asks for str()
        return "proxy"
    if name.startswith("__"):
        raise AttributeError(name)
    return _logged("." + name, World.value)(self)


def _fill(proxy, world, name):
    object.__setattr__(proxy, "_world", world)
    object.__setattr__(proxy, "_name", name)


Proxy = type(
    "Proxy",
    (),
    {
        "__slots__": ("_name", "_world"),
        "__match_args__": ("p", "q"),
        "__init__": _fill,
        "__getattr__": _attribute,
        "__setattr__": _logged("setattr", _truth),
        "__delattr__": _logged("delattr", _truth),
        "__getitem__": _logged("[]", World.value),
        "__setitem__": _logged("[]=", _truth),
        "__delitem__": _logged("del[]", _truth),
        "__call__": _logged("()", World.value),
        "__bool__": _logged("bool", _truth),
        "__len__": _logged("len", lambda world: world.decide(3)),
        "__iter__": _logged("iter", _iterator),
        "__aiter__": _logged("aiter", _iterator),
        "__await__": _logged("await", _iterator),
        "__contains__": _logged("contains", _truth),
        "__hash__": _logged("hash", lambda world: world.decide(3)),
        "__neg__": _logged("neg", World.value),
        "__pos__": _logged("pos", World.value),
        "__invert__": _logged("invert", World.value),
        "__str__": _logged("str", lambda _: "s"),
        "__repr__": _logged("repr", lambda _: "r"),
        "__format__": _logged("format", lambda _: "f"),
        "__enter__": _logged("enter", World.value),
        "__exit__": _logged("exit", _truth),
        "__aenter__": _logged_coroutine("aenter", World.value),
        "__aexit__": _logged_coroutine("aexit", _truth),
        "keys": _logged("keys", lambda world: [f"k{i}" for i in range(world.decide(3))]),
        **{f"__{name}__": _logged(name, World.value) for name in _BINARY},
        **{f"__i{name}__": _returns_self("i" + name) for name in _BINARY},
        **{f"__{name}__": _logged(name, World.proxy) for name in _COMPARED},
    },
)


def _name_of(value, depth):
    return object.__getattribute__(value, "_name")


def _items(value, depth):
    kind = type(value).__name__ if isinstance(value, (tuple, list)) else "tuple"
    return "{}({})".format(kind, ", ".join(shown(item, depth) for item in value))


def _pairs(value, depth):
    pairs = (f"{shown(k, depth)}: {shown(v, depth)}" for k, v in value.items())
    return "{{{}}}".format(", ".join(pairs))


def _exception(value, depth):
    parts = [type(value).__name__, _items(map(_argument, value.args), depth)]
    parts += [shown(value.__context__, depth), shown(value.__cause__, depth)]
    return "<{} {}>".format(" ".join(parts), value.__suppress_context__)


def _argument(value):
    """Return an argument of an exception; what the interpreter says differs between versions."""
    return "(a message)" if isinstance(value, str) and len(value) > _LONGEST_WORD else value


def _slice(value, depth):
    return "slice({})".format(
        ", ".join(shown(p, depth) for p in (value.start, value.stop, value.step))
    )


_SHOWN = (
    (Proxy, _name_of),
    (Iterator, lambda value, _: value.name),
    ((tuple, list), _items),
    (dict, _pairs),
    (slice, _slice),
    (BaseException, _exception),
    ((set, frozenset), lambda value, depth: f"set of {len(value)}"),
    (types.FunctionType, lambda value, _: "function " + value.__name__),
    (type, lambda value, _: "class " + value.__name__),
    ((str, bytes, int, float, complex, type(None)), lambda value, _: repr(value)),
)


def shown(value, depth=0):
    """Return a value as text, without doing anything to it."""
    if depth > _DEEPEST:
        return "..."
    for kinds, show in _SHOWN:
        if isinstance(value, kinds) and (type(value) is not object):
            return show(value, depth + 1)
    return type(value).__name__


def observed(code, seed, restless=False):
    """Return the log of a program's ``f``, called with values of a seed."""
    world = World(seed)
    names = _namespace(world)
    if restless:
        world.hooks += [lambda value, key=key: names.__setitem__(key, value) for key in ("G", "H")]
    try:
        exec(code, names)
        world.log.append("-- " + ", ".join(sorted(set(names) - _USUAL)))
        result = names["f"](*[world.value() for _ in range(3)])
        world.log.append("objects " + _objects(result, {}))
        _used(world, result, 0)
    except BaseException as error:  # noqa: BLE001 - whatever ends it is its result
        world.log.append("raised " + shown(error))
    world.log += [f"global {name} = {shown(names[name])}" for name in ("G", "H") if name in names]
    # The text of a function has its address in it.
    return [re.sub("0x[0-9a-f]+", "0x...", line) for line in world.log]


def _objects(value, known):
    """Return which objects of a result are one."""
    if isinstance(value, tuple):
        return "({})".format(" ".join(_objects(item, known) for item in value))
    if not isinstance(value, (list, dict, set, types.FunctionType)):
        return "."
    is_new = id(value) not in known
    number = known.setdefault(id(value), len(known))
    inside = value if isinstance(value, list) and is_new else ()
    return "{}[{}]".format(number, " ".join(_objects(item, known) for item in inside))


_USUAL = frozenset(
    {*"fabcv", "__builtins__", "__name__", "__annotations__", "__conditional_annotations__"}
)


def _namespace(world):
    def imported(name, _globals=None, _locals=None, names=(), level=0):
        world.note("import", name, names, level)
        return world.proxy()

    def tick():
        world.note("tick")

    safe = {
        key: __builtins__[key] if isinstance(__builtins__, dict) else getattr(__builtins__, key)
        for key in ("any", "all", "list", "tuple", "set", "super", "__build_class__", "len")
    }
    errors = {kind.__name__: kind for kind in (Error1, Error2, Error3, ValueError, AssertionError)}
    more = {
        "hook": world.hooks.append,
        "BaseException": BaseException,
        "UnboundLocalError": UnboundLocalError,
    }
    return {
        "__builtins__": dict(safe, __import__=imported, tick=tick, Proxy=Proxy, **errors, **more),
        "__name__": "m",
        "G": world.proxy(),
        "H": world.proxy(),
        **{name: world.proxy() for name in "abcv"},
    }


def _used(world, result, depth):
    """Note what a function returned; drive generators, await coroutines, call functions."""
    world.log.append("result " + shown(result))
    if depth > 2:
        return
    if isinstance(result, (types.GeneratorType, types.CoroutineType)):
        _driven(world, result)
    elif isinstance(result, types.AsyncGeneratorType):
        _driven(world, _collected(world, result))
    elif isinstance(result, types.FunctionType):
        _used(world, result(world.proxy()), depth + 1)
    elif isinstance(result, (tuple, list)):
        for item in result:
            if isinstance(item, types.FunctionType):
                _used(world, item(world.proxy()), depth + 1)


async def _collected(world, generator):
    async for value in generator:
        world.log.append("yielded " + shown(value))


def _driven(world, generator):
    """Send values to a generator, throw at it, and close it in the end."""
    try:
        value = generator.send(None)
        for _ in range(6):
            world.log.append("yielded " + shown(value))
            choice = world.decide(5)
            if choice == 0:
                value = generator.throw(Error1("thrown"))
            elif choice == 1:
                value = generator.send(None)
            else:
                value = generator.send(world.proxy())
        generator.close()
    except StopIteration as end:
        world.log.append("returned " + shown(end.value))


def main():
    warnings.simplefilter("ignore")
    answers = []
    request = json.load(sys.stdin)
    restless = request.get("restless", False)
    for source, seeds in request["jobs"]:
        try:
            code = compile(source, "generated", "exec", 0, True)
        except Exception:  # noqa: BLE001 - it does not compile here, whatever the reason
            answers.append(None)
        else:
            answers.append([observed(code, seed, restless) for seed in seeds])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
