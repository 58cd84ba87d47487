"""The command line: one module a sub-command, each a few lines of glue."""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from pycinspect import __version__
from pycinspect.cli.failures import debug_option, guarded

__all__ = ["main"]

#: Sub-command to its module and its line in ``pycinspect --help``.
_COMMANDS = {
    "audit": "Audit trees of bytecode caches.",
    "cache": "Say how many results are kept, or delete them.",
    "check": "Say what an import would do, and why.",
    "diff": "Show what differs between two programs.",
    "explain": "Say what each instruction does, and what is on the stack.",
    "fix": "Mend what an audit finds, and take it back.",
    "opcode": "Say what an operation does, and how it changed.",
    "rules": "List the audit's rules, or explain one.",
    "show": "Show the code in caches and sources.",
    "verify": "Say whether caches are what their sources say.",
}


class _LazyGroup(click.Group):
    """Loads a sub-command's module only when that sub-command is used."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program; here what cannot be written of the help, for one, ends it."""
        with guarded():
            return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run a sub-command; whatever it raises becomes a line and an exit code."""
        # A name that the terminal's encoding lacks is shown escaped, not refused.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        with guarded():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"pycinspect.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="pycinspect")
@debug_option
def main() -> None:
    """Read, judge and audit the bytecode caches of every Python.

    \b
    Examples:
      pycinspect audit                       the site-packages of this environment
      pycinspect audit /srv/app --format sarif > caches.sarif
      pycinspect check app.py                would its cache be used?
      pycinspect check -m app --path lib --as cpython-3.9 -O
      pycinspect show __pycache__/app.cpython-312.pyc
      pycinspect show app.py --python 3.9    what would 3.9 make of it?
      pycinspect diff app.py --python 3.8 --python 3.13
      pycinspect verify site-packages        are its caches what their sources say?
      pycinspect fix lib                     what would mend it? --apply does it

    Exit codes: 0 clean, 1 findings or differences, 2 could not do it, 3 an error of
    pycinspect's own, or of a plugin; of several the highest. 130 interrupted.
    """  # noqa: D301 - \b is click's mark, a control character
