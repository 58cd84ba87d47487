"""``pycinspect audit``."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from pycinspect import __version__
from pycinspect.cli.common import CommaList, EnumChoice, Exit, import_options, report_error
from pycinspect.errors import PycInspectError
from pycinspect.values import InvalidationMode

if TYPE_CHECKING:
    from pycinspect.auditing import Audit, Severity, Summary
    from pycinspect.auditing.settings import Settings
    from pycinspect.plugins import Registry

__all__ = ["command"]


def _path_ignores(ctx: click.Context, param: click.Parameter, entries: tuple[str, ...]) -> object:
    from pycinspect.auditing import PathIgnore

    ignores = []
    for entry in entries:
        pattern, colon, rules = entry.rpartition(":")
        if not colon or not pattern:
            raise click.BadParameter(f"{entry!r} is not PATTERN:IDS", ctx, param)
        ignores.append(PathIgnore(pattern, tuple(rules.split(","))))
    return tuple(ignores) or None


def _severity(ctx: click.Context, param: click.Parameter, name: str | None) -> object:  # noqa: ARG001 - click's signature
    from pycinspect.auditing import Severity

    return None if name is None else Severity(name)


@click.command("audit")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format",
    "format_name",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="text, json, jsonl, sarif, github or junit.",
)
@click.option("--json", "format_name", flag_value="json", help="Short for --format json.")
@click.option("-v", "--verbose", count=True, help="More of each finding's paths; -vv all.")
@click.option(
    "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write the report to FILE."
)
@click.option(
    "--select",
    type=CommaList(),
    metavar="IDS",
    help="Rules to run: ids or prefixes, separated by commas.",
)
@click.option(
    "--ignore",
    type=CommaList(),
    metavar="IDS",
    help="Rules not to run; of two prefixes that fit, the longer decides.",
)
@click.option(
    "--per-path-ignore",
    "per_path_ignores",
    multiple=True,
    callback=_path_ignores,
    metavar="PATTERN:IDS",
    help="Rules that do not count for paths like PATTERN. Repeatable.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help="Settings for one use: dev, deploy, distro, repro, security or wheel.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "error", "security"]),
    callback=_severity,
    help="The least severity that gives exit code 1.  [default: warning]",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("--baseline", metavar="FILE", help="Findings that FILE names do not count.")
@click.option(
    "--write-baseline", metavar="FILE", help="Accept what is found: write it to FILE and exit 0."
)
@click.option(
    "--levels",
    type=CommaList(int),
    metavar="N,N",
    help="Optimization levels whose caches are wanted (PYC205).",
)
@click.option(
    "--invalidation-mode",
    type=EnumChoice(InvalidationMode),
    help="The mode that every cache should have (PYC110).",
)
@click.option(
    "--deep/--no-deep",
    default=None,
    help="Decode payloads, too, for the rules that look at them (PYC004 to PYC008, PYC505)."
    "  [default: few, or asked for]",
)
@click.option("--max-files", type=click.IntRange(0), help="Stop after so many caches.")
@click.option("--max-seconds", type=click.FloatRange(0), help="Stop after so many seconds.")
@click.option(
    "--config",
    metavar="FILE",
    help="Read [tool.pycinspect.audit] from FILE instead of the nearest pyproject.toml.",
)
@click.option("--no-config", is_flag=True, help="Read no pyproject.toml.")
@import_options
def command(
    paths: tuple[str, ...],
    *,
    format_name: str,
    verbose: int,
    output: str | None,
    write_baseline: str | None,
    exit_zero: bool,
    config: str | None,
    no_config: bool,
    optimize: int,
    **given: Any,
) -> None:
    """Audit trees of bytecode caches: what is stale, orphaned, broken or unsafe.

    Without PATH, the site-packages of the environment that pycinspect runs in.

    \b
    Examples:
      pycinspect audit
      pycinspect audit /usr/lib/python3/dist-packages -v
      pycinspect audit src --select PYC1,PYC2 --fail-on error
      pycinspect audit downloads --deep --profile security
      pycinspect audit . --write-baseline caches.json
      pycinspect audit . --baseline caches.json --format github

    Settings are read from [tool.pycinspect.audit] in pyproject.toml, too.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.auditing.settings import Settings
    from pycinspect.plugins import load_registry

    if optimize and given["levels"] is None:
        given["levels"] = (optimize,)
    roots = paths or _site_packages()
    try:
        registry = load_registry()
        settings = Settings(**given).over(_file_settings(config, no_config=no_config))
        run = _start(roots, settings, registry, keep_baseline=write_baseline is None)
        if write_baseline is not None:
            _accept(run, write_baseline)
            sys.exit(Exit.CLEAN)
        _report(run, registry, format_name, verbose, output)
        threshold = settings.fail_on or settings.chosen_profile().fail_on
    except PycInspectError as error:
        report_error(error)
        sys.exit(Exit.TROUBLE)
    failed = _reaches(run.summary, threshold) and not exit_zero
    sys.exit(Exit.FINDINGS if failed else Exit.CLEAN)


def _site_packages() -> tuple[str, ...]:
    places = sysconfig.get_paths()
    return tuple(dict.fromkeys((places["purelib"], places["platlib"])))


def _file_settings(config: str | None, *, no_config: bool) -> Settings:
    from pycinspect.auditing.settings import Settings, find_settings, read_settings

    if config is not None:
        return read_settings(config)
    return Settings() if no_config else find_settings(os.curdir)


def _start(
    roots: tuple[str, ...], settings: Settings, registry: Registry, *, keep_baseline: bool
) -> Audit:
    from pycinspect.auditing import Audit
    from pycinspect.auditing.baseline import read_baseline

    for prefix in (*(settings.select or ()), *(settings.ignore or ())):
        if not any(rule.startswith(prefix) for rule in registry.rules):
            raise PycInspectError("bad-setting", f"no rule's id starts with {prefix!r}")
    accepted: frozenset[tuple[str, str]] = frozenset()
    if settings.baseline is not None and keep_baseline:
        accepted = read_baseline(settings.baseline)
    policy = settings.policy(registry.dialects, accepted)
    return Audit(roots, registry.rules.values(), policy)


def _accept(run: Audit, path: str) -> None:
    """Write everything that is found now into a baseline."""
    from pycinspect.auditing.baseline import write_baseline

    findings = ((finding.rule, run.relative(finding)) for finding in run)
    count = write_baseline(path, findings)
    click.echo(f"{path}: {count} findings accepted", err=True)


def _report(
    run: Audit, registry: Registry, format_name: str, verbose: int, output: str | None
) -> None:
    from pycinspect.report import ReportContext

    if format_name not in registry.reporters:
        known = ", ".join(registry.reporters)
        raise PycInspectError("bad-setting", f"format {format_name!r} is none of {known}")
    with _stream(output) as stream:
        terminal = output is None and sys.stdout.isatty()
        context = ReportContext(
            rules=registry.rules,
            version=__version__,
            verbose=verbose,
            color=terminal and "NO_COLOR" not in os.environ,
            width=shutil.get_terminal_size().columns if terminal else 80,
            base=os.getcwd(),
        )
        reporter = registry.reporters[format_name](stream, context)
        with _progress(run):
            for finding in run:
                reporter.finding(finding)
        reporter.close(run.summary)


@contextmanager
def _stream(output: str | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with open(output, "w", encoding="utf-8", errors="backslashreplace") as stream:
            yield stream
    except OSError as error:
        reason = error.strerror or str(error)
        raise PycInspectError("unwritable", reason, path=output) from error


@contextmanager
def _progress(run: Audit) -> Iterator[None]:
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


def _reaches(summary: Summary, threshold: Severity) -> bool:
    worst = summary.worst()
    return worst is not None and worst.rank >= threshold.rank
