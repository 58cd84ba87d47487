"""``pycinspect fix``."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pycinspect.cli.common import (
    EnumChoice,
    as_option,
    ids_option,
)
from pycinspect.cli.failures import Exit, debug_option, report_error, show_traceback
from pycinspect.cli.running import here, prepare_audit, shown_progress
from pycinspect.errors import PycInspectError
from pycinspect.values import InvalidationMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycinspect.auditing import Audit, Settings
    from pycinspect.repairing import Asked, Grounds, Maker, RepairResult
    from pycinspect.report.repairs import FixReport

__all__ = ["command"]


class _Shown(NamedTuple):
    """How a report is printed."""

    as_json: bool
    print0: bool
    lists_all: bool


class _Doing(NamedTuple):
    """What is done with a plan.

    Args:
        is_wanted: whether anything is.
        journal: the folder of the journal; None chooses one.
    """

    is_wanted: bool
    journal: str | None


@click.command("fix")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--apply", "is_applied", is_flag=True, help="Do it; without this, only say it.")
@ids_option("--select", "Rules whose findings are mended: ids, prefixes or ALL. Repeatable.")
@ids_option("--ignore", "Rules whose findings are left. Repeatable.")
@click.option(
    "--invalidation-mode",
    type=EnumChoice(InvalidationMode),
    help="Give every cache this mode: the header alone where its code is verified (PYC110).",
)
@click.option(
    "--no-recompile", is_flag=True, help="Compile nothing; what is stale is deleted instead."
)
@click.option(
    "--delete-sourceless",
    is_flag=True,
    help="Delete also what cannot be made again, and what imports take without a source (PYC202).",
)
@click.option(
    "--verify/--no-verify",
    default=None,
    help="Compile sources again, and mend caches that are something else (PYC306, PYC501).",
)
@click.option("--deep/--no-deep", default=None, help="Decode payloads, too, as audit does.")
@click.option(
    "--journal",
    metavar="DIR",
    help="Where it is noted how to take it back; DIR is made."
    "  [default: pycinspect-fix-DATE-TIME in the current directory]",
)
@click.option("--no-undo", is_flag=True, help="Note and keep nothing: it cannot be taken back.")
@click.option("--undo", metavar="JOURNAL", help="Take back what a run did, from its journal.")
@click.option("--print0", is_flag=True, help="Print the paths alone, each ended by a null byte.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="List all paths.")
@click.option("--pycache-prefix", metavar="DIR", help="As the interpreter's -X pycache_prefix.")
@click.option(
    "--config",
    metavar="FILE",
    help="Read [tool.pycinspect.audit] from FILE instead of the nearest pyproject.toml.",
)
@click.option("--no-config", is_flag=True, help="Read no pyproject.toml.")
@as_option
@debug_option
def command(
    paths: tuple[str, ...],
    *,
    is_applied: bool,
    no_recompile: bool,
    delete_sourceless: bool,
    journal: str | None,
    no_undo: bool,
    undo: str | None,
    print0: bool,
    as_json: bool,
    verbose: bool,
    config: str | None,
    no_config: bool,
    **given: Any,
) -> None:
    """Mend what an audit finds: compile again, delete, convert headers, take permissions away.

    Nothing is changed without --apply. PATH is a directory, a source or a cache; without it, the
    site-packages of the environment that pycinspect runs in. Caches are compiled by the Python
    whose cache they are; where that is not installed, what no import would take is deleted. Nothing
    is deleted that imports take, or that could not be made again or taken back; links are left
    alone.

    \b
    Examples:
      pycinspect fix lib                      what would be done?
      pycinspect fix lib --apply
      pycinspect fix --undo pycinspect-fix-20270131-120000
      pycinspect fix lib --select PYC201,PYC211 --apply
      pycinspect fix lib --invalidation-mode checked-hash --apply
      pycinspect fix lib --no-recompile --print0 | xargs -0 ls -l

    Each file is old or new at any moment, and the journal is written first; what somebody else has
    changed meanwhile is left as it is, now and at --undo. A second run finds nothing to mend.

    Exit codes: 0 nothing to mend, or all of it is done, 1 something would be mended, 2 something
    could not be done, 3 an error of pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    shown = _Shown(as_json, print0, verbose)
    if undo is not None:
        if paths or is_applied:
            raise click.UsageError("--undo takes back a whole run: it goes with no PATH or --apply")
        sys.exit(_undo(undo, shown))
    if no_undo and journal is not None:
        raise click.UsageError("--no-undo and --journal cannot both be given")
    from pycinspect.auditing import Settings
    from pycinspect.repairing import Asked

    asked = Asked(sourceless=delete_sourceless, recompile=not no_recompile, undo=not no_undo)
    doing = _Doing(is_applied, journal)
    run = _prepared(paths, Settings(**given), config, no_config=no_config)
    sys.exit(_fix(run, asked, doing, shown))


def _prepared(
    paths: tuple[str, ...], asked: Settings, config: str | None, *, no_config: bool
) -> Audit:
    run = prepare_audit(paths, asked, config=config, no_config=no_config).run
    if run.policy.view.has_archives:
        message = "fix changes nothing in archives: what is in one was made elsewhere"
        raise PycInspectError("unsupported", message)
    if not run.policy.view.is_ours:
        message = "the settings name a user or an image: fix changes what this process may, here"
        raise PycInspectError("unsupported", message)
    run.on_fault(show_traceback)
    return run


def _fix(run: Audit, asked: Asked, doing: _Doing, shown: _Shown) -> Exit:
    from pycinspect.pyc import PYCACHE
    from pycinspect.repairing import Grounds, Looker, Maker, Planner
    from pycinspect.report.repairs import FixReport

    policy = run.policy
    prefix = policy.pycache_prefix
    grounds = Grounds((*run.roots, *([] if prefix is None else [prefix])), PYCACHE)
    with Maker(policy.invalidation_mode, dialects=policy.dialects) as maker:
        planner = Planner(Looker(grounds, prefix), maker, asked, dialects=policy.dialects)
        with shown_progress(run):
            plan = planner.plan(run)
        report = FixReport(plan, complete=run.summary.complete)
        if doing.is_wanted and plan.repairs:
            report = _done(report, grounds, maker, asked, doing)
    _print(report, shown)
    for error in run.refused:
        report_error(error)
    return _exit(run, report)


def _done(
    report: FixReport, grounds: Grounds, maker: Maker, asked: Asked, doing: _Doing
) -> FixReport:
    from pycinspect.repairing import NO_JOURNAL, JournalWriter, apply_repairs

    repairs = report.plan.repairs
    if not asked.undo:
        return report._replace(results=list(apply_repairs(repairs, maker.kept, NO_JOURNAL)))
    folder = doing.journal or f"pycinspect-fix-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    with JournalWriter(folder, grounds.tops) as notes:
        try:
            results = list(apply_repairs(repairs, maker.kept, notes))
        except BaseException:  # the journal is full, or somebody has lost patience
            click.echo(f"To take back what is done: pycinspect fix --undo {folder}", err=True)
            raise
    return report._replace(results=results, journal=folder)


def _changed(report: FixReport) -> list[str]:
    """Return the paths that were changed, or would be; of each path once."""
    from pycinspect.repairing import RepairStatus

    paths = [repair.path for repair in report.plan.repairs]
    if report.results is not None:
        done = RepairStatus.DONE
        paths = [found.path for found in report.results if found.status is done]
    return list(dict.fromkeys(paths))


def _print(report: FixReport, shown: _Shown) -> None:
    from pycinspect.report.repairs import fix_lines, fix_object

    if shown.print0:
        for path in _changed(report):
            click.echo(os.fsencode(path) + b"\0", nl=False)
    elif shown.as_json:
        click.echo(json.dumps(fix_object(report, here())))
    else:
        for line in fix_lines(report, base=here(), lists_all=shown.lists_all):
            click.echo(line)


def _exit(run: Audit, report: FixReport) -> Exit:
    from pycinspect.repairing import RepairStatus

    if run.summary.faults:
        return Exit.FAULT
    undone = (found for found in report.results or () if found.status is not RepairStatus.DONE)
    if run.refused or any(undone):
        return Exit.TROUBLE
    is_preview = report.results is None
    return Exit.FINDINGS if is_preview and report.plan.repairs else Exit.CLEAN


def _undo(journal: str, shown: _Shown) -> Exit:
    from pycinspect.repairing import RepairStatus, take_back
    from pycinspect.report.repairs import undo_lines, undo_object

    results: Sequence[RepairResult] = list(take_back(journal))
    if shown.as_json:
        click.echo(json.dumps(undo_object(results, here())))
    else:
        for line in undo_lines(results, here()):
            click.echo(line)
    is_done = all(found.status is RepairStatus.DONE for found in results)
    return Exit.CLEAN if is_done else Exit.TROUBLE
