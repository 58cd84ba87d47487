"""The functions that expectations are about: what every Python from 3.8 on compiles."""
# ruff: noqa: PLW0127, PLW0603, RUF021, SIM208, UP028 - what compilers make of it is the test

import os


def fold():
    return 60 * 60 * 24


def global_call(x):
    return len(x)


def for_loop(xs):
    total = 0
    for x in xs:
        total += x  # ID: add
    return total


def comparison(a, b):
    return a < b


def method_call(text):
    return text.strip().split(",")


def attributes(x):
    return x.a.b.c


def subscript(xs, i):
    return xs[i]


def in_set(x):
    return x in {1, 2, 3}


def imports():
    import json
    from os import path as p

    return json, p


def unpack(pair):
    a, b = pair
    return b, a


def store_global():
    global counter
    counter = 1


def asserts(x):
    assert x, "no x"
    return x


def defaults():
    def inner(a=1, *, b=2):
        return a + b

    return inner


def keyword_call(f, a):
    return f(a, key=1)


def is_none(x):
    if x is None:
        return 0
    return x


def closure(a):
    def inner(b):
        return a + b

    return inner


def f_string(name, n):
    return f"hello {name!r}, {n:>10}"


def and_or(a, b, c):
    return a and b or c


def generator(xs):
    for x in xs:
        yield x


def comprehension(xs):
    return [x * 2 for x in xs if x]


def try_except(f):
    try:
        return f()
    except ValueError as error:
        return error


def with_block(path):
    with open(path) as file:
        return file.read()


def while_loop(n):
    while n > 0:
        n -= 1
    return n


def chained(a, b, c):
    return a < b < c


# --- More than the 24 ------------------------------------------------------------------------


def star_call(f, args, kwargs):
    return f(*args, **kwargs)


def star_args(*args, key=None, **kwargs):
    return args, key, kwargs


async def awaits(f):
    return await f()


async def async_with(lock):
    async with lock:
        return 1


class Shape:
    """A class."""

    sides = 4

    def __init__(self, side):
        super().__init__()
        self.side = side

    @property
    def area(self):
        return self.side**2

    @staticmethod
    def unit():
        return Shape(1)

    @classmethod
    def of(cls, side):
        return cls(side)


def swap(a, b):
    a, b = b, a
    return a, b


def slices(xs, i):
    return xs[1:2], xs[i:], xs[::2]


def list_of_constants():
    return [1, 2, 3]


def display(a, b):
    return {"a": a, "b": b}


def raises(x):
    raise ValueError(x) from None


def deletes(d, k):
    del d[k]
    del d.attribute


def try_finally(f):
    try:
        f()
    finally:
        f.close()


def conditional(x):
    return "yes" if x else "no"


def negation(x):
    return not x


def truth(x):
    return not not x


def augmented(x):
    x.count += 1
    x[0] |= 2
    return -x


def nested(xs):
    return sum(x for x in xs)


def walrus(f):
    if (n := f()) > 1:
        return n
    return os.path.join("a", n)


def recursive_constant():
    return (1, (2.0, -0.0), "x")


def decorated(deco):
    @deco
    def inner():
        return 1

    return inner


def delegating(xs):
    yield from xs


def is_not(a, b):
    if a is not None and b is not a:
        return 1
    return 0


def three(a, b, c):
    a, b, c = c, b, a
    return a + b + c


def lambdas(xs):
    return sorted(xs, key=lambda x: -x)


def prints(x):
    print("x", x, sep="")
