"""``pycinspect show``."""

from __future__ import annotations

import json
import sys

import click

from pycinspect.cli.common import Exit, report_error
from pycinspect.errors import PycInspectError

__all__ = ["command"]


@click.command("show")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--header", is_flag=True, required=True, help="The header, decoded, with offsets.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, a line each.")
def command(files: tuple[str, ...], *, header: bool, as_json: bool) -> None:  # noqa: ARG001 - the listing of code comes with the decoder; until then --header must be asked for
    r"""Show what cache files say.

    \b
    Examples:
      pycinspect show --header __pycache__/app.cpython-312.pyc
      pycinspect show --header --json *.pyc

    Exit codes: 0 all were decoded, 2 at least one was not.
    """
    from pycinspect.plugins import load_registry
    from pycinspect.pyc import Header, read_header
    from pycinspect.report import header_object, header_text

    dialects = load_registry().dialects
    code = Exit.CLEAN
    for path in files:
        decoded: Header | None = None
        failure: PycInspectError | None = None
        try:
            decoded = read_header(path, dialects=dialects)
        except PycInspectError as error:
            failure = error
            code = Exit.TROUBLE
        if as_json:
            click.echo(json.dumps(header_object(path, decoded, failure)))
        elif decoded is not None:
            click.echo(header_text(path, decoded))
        elif failure is not None:
            report_error(failure)
    sys.exit(code)
