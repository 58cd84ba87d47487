"""Rules that plugins bring run as ours do, and are selected, ignored and listed as ours are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest

import pycinspect
from pycinspect import plugins
from pycinspect.auditing import PROFILES, CacheFile, Finding, Rule, Severity

from .conftest import Run


class EveryCache(Rule):
    """What it finds
    =============
    Every cache.
    """

    id = "ACME001"
    name = "every-cache"
    title = "A cache"
    severity = Severity.ERROR
    message = "a cache is here"

    def check_cache(self, cache: CacheFile) -> Finding | None:
        return self.of_cache(cache)


class Plugin:
    def __init__(self, *rules: type[Rule]) -> None:
        self.rules = rules

    @pycinspect.hookimpl
    def pycinspect_rules(self) -> Iterable[type[Rule]]:
        return self.rules


Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    load = plugins.load_registry

    def add(*rules: type[Rule]) -> None:
        monkeypatch.setattr(plugins, "load_registry", lambda: load([Plugin(*rules)]))

    return add


def _found(run: Run, *options: str) -> list[str]:
    result = run("audit", ".", "--json", "--no-config", *options)
    return [finding["rule"] for finding in json.loads(result.stdout)["findings"]]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_it_runs_in_every_profile(
    run: Run, install: Install, project: object, profile: str
) -> None:
    install(EveryCache)
    assert "ACME001" in _found(run, "--profile", profile)
    assert run("audit", ".", "--no-config", "--profile", profile).exit_code == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), True),
        (("--select", "ALL"), True),
        (("--select", "ACME"), True),
        (("--select", "ACME0,PYC1"), True),
        (("--select", "PYC"), False),
        (("--select", "PYC1"), False),
        (("--ignore", "ACME"), False),
        (("--ignore", "ACME001"), False),
        (("--ignore", "PYC"), True),
        (("--select", "ACME001", "--ignore", "ACME"), True),
        (("--select", "ACME", "--ignore", "ALL"), True),
        (("--per-path-ignore", "*:ACME"), False),
        (("--per-path-ignore", "*:ALL"), False),
        (("--per-path-ignore", "*:PYC"), True),
    ],
)
def test_it_is_selected_and_ignored_by_its_name(
    run: Run, install: Install, project: object, options: tuple[str, ...], expected: bool
) -> None:
    install(EveryCache)
    assert ("ACME001" in _found(run, *options)) is expected


def test_it_is_listed(run: Run, install: Install) -> None:
    install(EveryCache)
    assert "ACME001  error     A cache" in run("rules").stdout
    assert run("rules", "ALL").stdout.count("\n\n") > run("rules", "ACME").stdout.count("\n\n") > 0


@pytest.mark.parametrize("bad", ["acme001", "ACME", "ALL", "ACME-1", "", "ACME001 "])
def test_an_id_that_no_selector_could_tell_is_refused(
    run: Run, install: Install, project: object, bad: str
) -> None:
    install(type("Bad", (EveryCache,), {"id": bad}))
    result = run("audit", ".")
    assert result.exit_code == 2
    assert result.stderr == (
        f"pycinspect: the rule id {bad!r} is not capital letters and a number, as ACME001\n"
    )


def test_an_id_of_ours_is_refused(run: Run, install: Install, project: object) -> None:
    install(type("Ours", (EveryCache,), {"id": "PYC101"}))
    assert run("audit", ".").stderr == "pycinspect: two rules have the id PYC101\n"


def test_nothing_is_left_when_everything_is_ignored(
    run: Run, install: Install, project: object
) -> None:
    install(EveryCache)
    result = run("audit", ".", "--no-config", "--ignore", "ALL")
    assert (result.exit_code, result.stdout) == (2, "")
