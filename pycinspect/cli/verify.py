"""``pycinspect verify``: an audit that asks one question."""

from __future__ import annotations

import click

from pycinspect.cli.audit import Accepting, Output, run_audit
from pycinspect.cli.failures import debug_option

__all__ = ["command"]

#: What is not known to be what its source says, and why.
_RULES = ("PYC004", "PYC306", "PYC501", "PYC502", "PYC503", "PYC513", "PYC9")


@click.command("verify")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format",
    "format_name",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="As in audit: text, markdown, json, jsonl, sarif, github, gitlab or junit.",
)
@click.option("--json", "format_name", flag_value="json", help="Short for --format json.")
@click.option("-v", "--verbose", count=True, help="More of each finding's paths; -vv all.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the report to FILE, which stays as it is if there can be none.",
)
@click.option(
    "--baseline", metavar="FILE", help="Files that FILE accepts, by content, do not count."
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    help="Accept what is found: write it to FILE and exit 0.",
)
@click.option("--max-files", type=click.IntRange(0), help="Stop after so many caches.")
@click.option("--max-seconds", type=click.FloatRange(0), help="Stop after so many seconds.")
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
) -> None:
    """Say whether caches are what compiling their sources gives.

    The header of a cache says which source it belongs to, and nothing of what it does. Each source
    is compiled again, in another process, by the interpreter whose cache it is, or the nearest one
    that is installed; nothing is imported or run. PATH is a directory or a cache; without it, the
    site-packages of the environment that pycinspect runs in.

    \b
    Examples:
      pycinspect verify
      pycinspect verify /usr/lib/python3 --json
      pycinspect verify src -vv
      pycinspect verify downloads --write-baseline known.json

    It is what audit --verify finds, without all else; rules PYC501 explains a finding.

    Exit codes: 0 all that imports take is what its source says, or accepted, 1 something is not, or
    could not be compared, 2 could not do it, 3 an error of pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.auditing import Settings, Severity

    asked = Settings(
        select=_RULES,
        fail_on=Severity.INFO,
        verify=True,
        baseline=baseline,
        max_files=max_files,
        max_seconds=max_seconds,
    )
    shown = Output(format_name, verbose, output)
    run_audit(paths, asked, shown, Accepting(write_baseline), no_config=True)
