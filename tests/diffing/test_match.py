"""Which code object of one side is which of the other."""

from __future__ import annotations

from pycinspect.canonical import Place
from pycinspect.diffing import Match, match, matched

from .kit import differences, forms, statuses


def dotted(place: Place | None) -> str | None:
    return None if place is None else ".".join(f"{name}{n or ''}" for name, n in place)


def pairs(old: str, new: str) -> dict[str | None, str | None]:
    found = matched(forms(old), forms(new))
    assert found[0] == Match((), ())
    return {dotted(m.old): dotted(m.new) for m in found[1:] if m.old is not None}


def added(old: str, new: str) -> list[str | None]:
    return [dotted(m.new) for m in matched(forms(old), forms(new)) if m.old is None]


FIRST = "def f(a):\n    b = a.one\n    c = a.two\n    a.zero = a.nil\n    print(c)\n    return b(c, a.three)\n"
SECOND = "def g(x):\n    for y in x:\n        print(y)\n    return None\n"


def test_equal_names_are_one_whatever_the_body() -> None:
    assert pairs(FIRST, "def f(): raise KeyError") == {"f": "f"}


def test_an_equal_body_is_found_under_another_name() -> None:
    assert pairs(FIRST + SECOND, FIRST.replace("def f", "def h") + SECOND) == {"f": "h", "g": "g"}


def test_a_body_is_found_whatever_it_calls_itself_and_its_variables() -> None:
    old = "def fact(n):\n    if n < 2: return 1\n    return n * fact(n - 1)\n"
    new = "def factorial(m):\n    if m < 2: return 1\n    return m * factorial(m - 1)\n"
    assert pairs(old + SECOND, SECOND + new) == {"fact": "factorial", "g": "g"}


def test_a_class_is_found_under_another_name() -> None:
    old = "class C:\n    x = 1\n    def f(self): return self.x\n"
    assert pairs(old, old.replace("C", "D")) == {"C": "D", "C.f": "D.f"}


def test_a_body_that_calls_another_function_is_another() -> None:
    old = "def f(n): return f(n - 1)\n"
    assert pairs(old, "def g(n): return h(n - 1)\n") == {"f": None}


def test_an_equal_body_is_found_elsewhere() -> None:
    new = "class C:\n" + "".join(f"    {line}\n" for line in FIRST.splitlines())
    assert pairs(FIRST, new) == {"f": "C.f"}


def test_equal_bodies_that_are_not_unique_are_not_guessed() -> None:
    old = FIRST + "def kept(): return 1\n"
    new = old.replace("def f", "def h") + FIRST.replace("def f", "def i")
    found = matched(forms(old), forms(new))
    # Beside each other they are similar, too: the first is taken, once.
    assert sum(m.old is None for m in found) == 1


def test_a_similar_body_is_found_beside() -> None:
    new = FIRST.replace("def f", "def h").replace("three", "four")
    assert pairs(FIRST, new) == {"f": "h"}


def test_another_body_is_another_function() -> None:
    assert pairs(FIRST, SECOND) == {"f": None}
    assert added(FIRST, SECOND) == ["g"]


def test_the_most_similar_comes_first() -> None:
    near = FIRST.replace("def f", "def near").replace("three", "four")
    nearer = FIRST.replace("def f", "def nearer").replace("return b", "return  (b)")
    assert pairs(FIRST, near + nearer + "x = 1\n")["f"] == "nearer"


def test_a_new_lambda_leaves_the_others_what_they_were() -> None:
    found = pairs("x = [lambda: 1, lambda: 2]", "x = [lambda: 0, lambda: 1, lambda: 2]")
    assert found == {"<lambda>": "<lambda>1", "<lambda>1": "<lambda>2"}
    status = statuses(differences("x = [lambda: 1]", "x = [lambda: 0, lambda: 1]"))
    assert status == {"<module>": "changed", "<lambda>": "added"}


OVERLOADS = """
class C:
    @property
    def size(self): return self._size
    @size.setter
    def size(self, value): self._size = value
    @size.deleter
    def size(self): del self._size
"""


def test_functions_of_one_name_are_paired_by_their_content() -> None:
    old = "class C:\n    x = 1\n    def f(self): return self.one\n    def f(self, a): return a.two(self)\n"
    new = "class C:\n    x = 1\n    def f(self, a): return a.two(self, 2)\n    def f(self): return self.one + 1\n"
    assert pairs(old, new) == {"C": "C", "C.f": "C.f1", "C.f1": "C.f"}


def test_what_is_new_among_functions_of_one_name_is_added() -> None:
    old = "def _(a): return a.one\ndef _(a): return [a.two]\n"
    new = "def _(a): return {3}\ndef _(a): return a.one + 1\ndef _(a): return [a.two, 2]\n"
    assert pairs(old, new) == {"_": "_1", "_1": "_2"}
    assert added(old, new) == ["_"]


def test_parts_of_a_property_are_paired_by_their_parameters() -> None:
    parts = OVERLOADS.split("    @")
    new = "    @".join([parts[0], *reversed(parts[1:])]).replace("_size", "__other")
    assert pairs(OVERLOADS, new)["C.size1"] == "C.size1"
    status = statuses(differences(OVERLOADS, new))
    assert set(status.values()) == {"changed"}


def test_the_other_branch_is_not_taken_for_the_one_before() -> None:
    old = "if T:\n    def f(a): return a\nelse:\n    def f(a): return a.b(1)\n"
    new = "if T:\n    def f(a): return a.b(2)\n"
    assert pairs(old, new) == {"f": None, "f1": "f"}


def test_what_is_inside_comes_along() -> None:
    old = "class C:\n    a = 1\n    b = 2\n    def m(self): return self.x\n    def n(self): return 3\n"
    new = old.replace("class C", "class D").replace("self.x", "self.y")
    assert pairs(old, new) == {"C": "D", "C.m": "D.m", "C.n": "D.n"}
    found = {unit.new.qualname: unit.status for unit in differences(old, new).units if unit.new}
    assert found["D"] == "renamed"
    assert found["D.m"] == "changed"
    assert found["D.n"] == "same"


def test_too_many_bodies_are_not_compared(monkeypatch) -> None:
    monkeypatch.setattr(match, "_MOST_PAIRS", 0)
    assert pairs("x = [lambda: 1, lambda: 2]", "x = [lambda: 3, lambda: 4]")["<lambda>"] is None
    assert pairs(FIRST, FIRST.replace("def f", "def h").replace("three", "four")) == {"f": None}


def test_every_place_is_there_once() -> None:
    old, new = forms(FIRST + SECOND), forms(SECOND + FIRST.replace("f(", "h("))
    found = matched(old, new)
    assert sorted(m.old for m in found if m.old is not None) == sorted(old)
    assert sorted(m.new for m in found if m.new is not None) == sorted(new)
    assert found[0] == Match((), ())
