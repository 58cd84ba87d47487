"""Running an audit for a command: what it is told, what it reports, and how it exits."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TextIO

import click

from pycinspect import __version__
from pycinspect.cli.common import (
    environment_of,
    output_width,
    programs_of,
)
from pycinspect.cli.failures import Exit, report_error, show_traceback
from pycinspect.errors import PycInspectError
from pycinspect.writing import replacing

if TYPE_CHECKING:
    from pycinspect.auditing import Audit, Rule, Settings, SettingsFile, Severity, Summary
    from pycinspect.auditing.baseline import Baseline
    from pycinspect.dialects import Dialect, DialectTable
    from pycinspect.plugins import Registry

__all__ = [
    "Accepting",
    "Output",
    "Prepared",
    "here",
    "prepare_audit",
    "run_audit",
    "shown_progress",
]

#: The variable in which GitHub names the file of a step's summary.
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


class Output(NamedTuple):
    """How findings are shown, and where.

    Args:
        format_name: the format.
        verbose: how often more was asked for.
        path: the file; None is standard output.
    """

    format_name: str
    verbose: int = 0
    path: str | None = None


class Accepting(NamedTuple):
    """What becomes of findings that count.

    Args:
        baseline: the file that accepts them from now on; None for none.
        exit_zero: they do not decide the exit code.
    """

    baseline: str | None = None
    exit_zero: bool = False


def run_audit(
    paths: tuple[str, ...],
    asked: Settings,
    shown: Output,
    accepting: Accepting = Accepting(),  # noqa: B008 - a frozen value
    *,
    config: str | None = None,
    no_config: bool = False,
) -> NoReturn:
    """Audit, report, and exit with the code that the findings decide.

    Args:
        paths: directories and files; none is the site-packages of this environment.
        asked: what the command line says; files of settings say the rest.
        shown: how findings are shown.
        accepting: what becomes of them.
        config: the file of settings, instead of the nearest one.
        no_config: no file of settings is read.

    Raises:
        PycInspectError: for what could not be done at all.
    """
    prepared = prepare_audit(
        paths, asked, written=accepting.baseline, config=config, no_config=no_config
    )
    run, registry, settings, files = prepared
    run.on_fault(show_traceback)
    threshold = settings.fail_on or settings.chosen_profile().fail_on
    with _refusals_told(run):
        if accepting.baseline is not None:
            _accept(run, accepting.baseline, threshold, registry.rules)
        else:
            decisive = tuple(_decisive(file, asked, run) for file in files)
            _report(run, _Shown(registry, shown.format_name, shown.verbose, decisive), shown.path)
    never_fails = accepting.exit_zero or accepting.baseline is not None
    sys.exit(_exit(run, None if never_fails else threshold, registry.rules))


class Prepared(NamedTuple):
    """An audit that has not begun, and what decided about it.

    Args:
        run: the audit.
        registry: knows rules and formats.
        settings: what holds in all.
        files: the files of settings that were met.
    """

    run: Audit
    registry: Registry
    settings: Settings
    files: tuple[SettingsFile, ...]


def prepare_audit(
    paths: tuple[str, ...],
    asked: Settings,
    *,
    written: str | None = None,
    config: str | None = None,
    no_config: bool = False,
) -> Prepared:
    """Return an audit as the command line, files of settings and variables say.

    Args:
        paths: directories and files; none is the site-packages of this environment.
        asked: what the command line says.
        written: the baseline that is going to be written, if any.
        config: the file of settings, instead of the nearest one.
        no_config: no file of settings is read.

    Raises:
        PycInspectError: for settings that are wrong.
    """
    from pycinspect.plugins import load_registry

    registry = load_registry()
    files = _settings_files(config, _on_host(paths, asked), asked, no_config=no_config)
    settings = asked.over(files[-1].settings) if files else asked
    variables = environment_of(environment=settings.environment, file=settings.environment_file)
    if variables is not None:
        row = _imports(settings, variables, registry.dialects)
        settings = asked.over(settings.from_environment(row, variables).over(settings))
    roots = paths or (("/",) if settings.root is not None else _site_packages())
    baseline = _baseline(settings, files, written)
    run = _start(roots, settings, registry, programs_of(variables), baseline)
    return Prepared(run, registry, settings, files)


@contextmanager
def _refusals_told(run: Audit) -> Iterator[None]:
    """Say on stderr which paths could not be audited; the report is of the others."""
    try:
        yield
    except PycInspectError as error:
        if error not in run.refused:
            raise
        for refused in run.refused:
            report_error(refused)
        sys.exit(Exit.TROUBLE)
    for refused in run.refused:
        report_error(refused)


def _exit(run: Audit, threshold: Severity | None, rules: Mapping[str, type[Rule]]) -> Exit:
    """Return the exit code; without a threshold no finding is a failure."""
    if run.summary.faults:
        return Exit.FAULT
    if run.refused:
        return Exit.TROUBLE
    failed = threshold is not None and any(
        _counts(rule, severity, threshold, rules) for rule, severity in run.summary.findings
    )
    return Exit.FINDINGS if failed else Exit.CLEAN


def _site_packages() -> tuple[str, ...]:
    places = sysconfig.get_paths()
    return tuple(dict.fromkeys((places["purelib"], places["platlib"])))


def _settings_files(
    config: str | None, roots: tuple[str, ...], asked: Settings, *, no_config: bool
) -> tuple[SettingsFile, ...]:
    """Return the files of settings that count, or would but for the profile."""
    from pycinspect.auditing.settings import find_settings, named_settings

    if config is not None:
        return (named_settings(config),)
    if no_config:
        return ()
    trusts_tree = asked.chosen_profile().trusts_tree
    return find_settings(os.curdir, roots, trusts_tree=trusts_tree)


def _decisive(file: SettingsFile, asked: Settings, run: Audit) -> SettingsFile:
    """Return a file with what of it the command line does not overrule."""
    settings = file.settings.without(asked)
    baseline = run.policy.baseline
    accepted = 0 if settings.baseline is None or baseline is None else len(baseline.accepted)
    return file._replace(settings=settings, accepted=accepted)


def _on_host(paths: tuple[str, ...], asked: Settings) -> tuple[str, ...]:
    """Return where on this machine that lies which is audited."""
    return (asked.root,) if asked.root is not None else paths or _site_packages()


def _imports(settings: Settings, variables: Mapping[str, str], dialects: DialectTable) -> Dialect:
    """Return whose rules of reading variables apply."""
    from pycinspect.cache import python_of_image

    if settings.dialect is not None:
        return dialects[settings.dialect]
    view = settings.view()
    of_image = python_of_image(view, programs_of(variables), dialects) if view.root else None
    return of_image or dialects.running()


def _start(
    roots: tuple[str, ...],
    settings: Settings,
    registry: Registry,
    programs: tuple[str, ...],
    baseline: Baseline | None,
) -> Audit:
    from dataclasses import replace

    from pycinspect.auditing import Audit, require_rules

    named = [settings.select, settings.ignore, *(i.rules for i in settings.per_path_ignores or ())]
    require_rules(chain.from_iterable(ids or () for ids in named), registry.rules)
    policy = replace(settings.policy(registry.dialects, baseline), programs=programs)
    rules = registry.rules.values()
    if not any(policy.selection.takes(rule.id) and not rule.about_run for rule in rules):
        raise PycInspectError("bad-setting", "no rule is left that looks at the tree")
    return Audit(roots, rules, policy)


def _baseline(
    settings: Settings, files: tuple[SettingsFile, ...], written: str | None
) -> Baseline | None:
    """Return the baseline that counts, or an empty one for what is written."""
    from pycinspect.auditing.baseline import Baseline, read_baseline

    home = os.path.dirname(os.path.abspath(files[0].path)) if files else None
    if written is not None:
        return Baseline(home or os.path.dirname(os.path.abspath(written)))
    return None if settings.baseline is None else read_baseline(settings.baseline, home)


def _accept(run: Audit, path: str, threshold: Severity, rules: Mapping[str, type[Rule]]) -> None:
    """Write everything that counts now into a baseline, but for bugs of ours."""
    from pycinspect.auditing.baseline import read_notes, write_baseline
    from pycinspect.auditing.failures import FAULT
    from pycinspect.report.words import counted

    notes = read_notes(path)
    found = (f for f in run if f.rule != FAULT and _counts(f.rule, f.severity, threshold, rules))
    count = write_baseline(path, map(run.acceptance, found), notes)
    click.echo(f"{path}: {counted(count, 'finding', 'findings')} accepted", err=True)
    if run.summary.faults:
        message = f"not everything was looked at: {run.summary.faults} internal errors (PYC902)"
        click.echo(f"pycinspect: {message}", err=True)


def _counts(
    rule_id: str, severity: Severity, threshold: Severity, rules: Mapping[str, type[Rule]]
) -> bool:
    """Return whether an audit fails because of a finding."""
    rule = rules.get(rule_id)
    return severity.rank >= threshold.rank and not (rule is not None and rule.never_fails)


class _Shown(NamedTuple):
    """How findings are shown.

    Args:
        registry: knows rules and formats.
        format_name: the format.
        verbose: how often more was asked for.
        settings: what files of settings decide.
    """

    registry: Registry
    format_name: str
    verbose: int
    settings: tuple[SettingsFile, ...]


def _report(run: Audit, shown: _Shown, output: str | None) -> None:
    from pycinspect.report.base import ListsAccepted, ReportContext
    from pycinspect.report.spool import causes_first

    rules = shown.registry.rules
    reporters = shown.registry.reporters
    if shown.format_name not in reporters:
        known = ", ".join(reporters)
        raise PycInspectError("bad-setting", f"format {shown.format_name!r} is none of {known}")
    with _stream(output) as stream:
        terminal = output is None and sys.stdout.isatty()
        context = ReportContext(
            rules=rules,
            version=__version__,
            verbose=shown.verbose,
            color=terminal and "NO_COLOR" not in os.environ,
            width=output_width(terminal=terminal),
            base=here() if run.policy.view.root is None else None,
            settings=shown.settings,
            ran=run.rule_ids,
            policy=run.policy,
            step_summary=os.environ.get(_STEP_SUMMARY) or None,
        )
        reporter = reporters[shown.format_name](stream, context)
        if isinstance(reporter, ListsAccepted):
            run.on_accepted(reporter.accepted)
        with shown_progress(run):
            for finding in causes_first(run, rules):
                reporter.finding(finding)
        reporter.close(run.summary)


def here() -> str | None:
    """Return the directory that paths are shown relative to; None where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return None


@contextmanager
def _stream(output: str | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with replacing(output, errors="backslashreplace") as stream:
        yield stream


@contextmanager
def shown_progress(run: Audit) -> Iterator[None]:
    """Show on a terminal how far the audit is; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading …")

        def show(summary: Summary) -> None:
            findings = sum(summary.rules.values())
            text = f"{summary.directories:,} directories  {summary.files:,} caches"
            progress.update(task, description=f"{text}  {findings:,} findings")

        run.on_progress(show)
        yield
