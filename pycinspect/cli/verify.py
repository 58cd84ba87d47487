"""``pycinspect verify``: an audit that asks one question."""

from __future__ import annotations

from collections.abc import Callable

import click

from pycinspect.cli.common import baseline_options, budget_options, report_options
from pycinspect.cli.failures import debug_option
from pycinspect.cli.running import Accepting, Output, run_audit

__all__ = ["command"]

#: What cannot be read, what is not known to be what its source says, and why.
_RULES = (
    *("PYC0", "PYC105", "PYC306", "PYC403", "PYC501", "PYC502", "PYC503", "PYC507", "PYC509"),
    *("PYC513", "PYC707"),
    "PYC9",
)


@click.command("verify")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@report_options
@baseline_options
@budget_options
@debug_option
def command(
    paths: tuple[str, ...],
    *,
    format_name: str,
    verbose: int,
    output: str | None,
    baseline: str | None,
    write_baseline: str | None,
    max_files: int | None,
    max_seconds: float | None,
    jobs: int | None,
    results: Callable[[], str] | None,
) -> None:
    """Say whether caches are what compiling their sources gives.

    The header of a cache says which source it belongs to, and nothing of what it does. Each source
    is compiled again, in another process, by the interpreter whose cache it is, or the nearest one
    that is installed; nothing is imported or run. PATH is a directory, an archive or a cache; without
    it, the site-packages of the environment that pycinspect runs in.

    \b
    Examples:
      pycinspect verify
      pycinspect verify /usr/lib/python3 --json
      pycinspect verify src -vv
      pycinspect verify app-1.0-py3-none-any.whl
      pycinspect verify downloads --write-baseline known.json

    It is what audit --verify finds, without all else; rules PYC501 explains a finding.

    Exit codes: 0 all that imports take is what its source says, or accepted, 1 something is not, or
    could not be compared, or none is taken, 2 could not do it, 3 an error of pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.auditing import Settings, Severity

    asked = Settings(
        select=_RULES,
        fail_on=Severity.INFO,
        verify=True,
        baseline=baseline,
        max_files=max_files,
        max_seconds=max_seconds,
        jobs=jobs,
        results=results,
    )
    shown = Output(format_name, verbose, output)
    run_audit(paths, asked, shown, Accepting(write_baseline), no_config=True)
