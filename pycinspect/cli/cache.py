"""``pycinspect cache``: what is kept of what was found out."""

from __future__ import annotations

import json

import click

from pycinspect.cli.failures import debug_option
from pycinspect.errors import PycInspectError

__all__ = ["command"]


@click.group("cache")
@debug_option
def command() -> None:
    """Say how many results are kept, or delete them.

    What a deep audit, or a comparison, finds out about the bytes of a cache is kept in a directory
    of yours, so that the same bytes need not be decoded again; audit --no-cache does without.
    The variable PYCINSPECT_CACHE_DIR names another directory.

    \b
    Examples:
      pycinspect cache info
      pycinspect cache clear
    """  # noqa: D301 - \b is click's mark, a control character


@command.command("info")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def info(*, as_json: bool) -> None:
    """Say where results are kept, and how much room they take."""
    from pycinspect.results import figures, results_directory

    found = figures(results_directory())
    if as_json:
        click.echo(json.dumps({"version": 1, "directory": found.directory, "size": found.size}))
    else:
        click.echo(f"{found.size:,} bytes in {found.directory}")


@command.command("clear")
def clear() -> None:
    """Delete all results: everything is decoded again."""
    from pycinspect.results import clear as cleared
    from pycinspect.results import results_directory

    directory = results_directory()
    try:
        found = cleared(directory)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PycInspectError(
            "unwritable", f"cannot be deleted: {reason}", path=directory
        ) from error
    click.echo(f"Deleted {found.size:,} bytes in {found.directory}")
