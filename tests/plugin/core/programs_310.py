"""Functions with syntax of 3.10 and 3.11."""
# ruff: noqa: F821 - what compilers make of it is the test


def match_sequence(point):
    match point:
        case (0, 0):
            return "origin"
        case (x, 0):
            return x
        case _:
            return None


def match_class(shape):
    match shape:
        case Circle(radius=r) if r > 0:
            return r
        case {"radius": r, **rest}:
            return rest


def match_value(command):
    match command:
        case "go" | "run":
            return 1
        case _:
            return 0
