"""``pycinspect audit``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from pycinspect.cli.common import (
    CommaList,
    EnumChoice,
    baseline_options,
    budget_options,
    completing,
    ids_option,
    import_options,
    report_options,
)
from pycinspect.cli.failures import debug_option
from pycinspect.cli.running import Accepting, Output, run_audit
from pycinspect.values import InvalidationMode

__all__ = ["command"]


def _profiles() -> Iterable[str]:
    from pycinspect.auditing.policy import PROFILES

    return PROFILES


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
@report_options
@ids_option("--select", "Rules to run: ids, prefixes or ALL, separated by commas. Repeatable.")
@ids_option(
    "--ignore", "Rules not to run; of two prefixes that fit, the longer decides. Repeatable."
)
@click.option(
    "--per-path-ignore",
    "per_path_ignores",
    multiple=True,
    callback=_path_ignores,
    metavar="PATTERN:IDS",
    help="Rules that do not count for paths like PATTERN, as reports print them. Repeatable.",
)
@click.option(
    "--profile",
    metavar="NAME",
    shell_complete=completing(_profiles),
    help="Settings for one use: dev, deploy, distro, repro, security or wheel.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "error", "security"]),
    callback=_severity,
    help="The least severity that gives exit code 1.  [default: warning]",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@baseline_options
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
@click.option(
    "--verify/--no-verify",
    default=None,
    help="Compile sources again and compare (PYC306, PYC501 to PYC503).  [default: only with"
    " --profile security]",
)
@click.option(
    "--digests",
    metavar="FILE",
    help="What caches are known to be, as sha256sum writes it (PYC512).",
)
@budget_options
@click.option(
    "--config",
    metavar="FILE",
    help="Read [tool.pycinspect.audit] from FILE instead of the nearest pyproject.toml.",
)
@click.option("--no-config", is_flag=True, help="Read no pyproject.toml.")
@import_options
@debug_option
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

    PATH is a directory, an archive (a wheel, sdist, zipapp, container image …), a source, or a cache
    by whatever name; ARCHIVE!/PATH is a path in an archive. Without it, the site-packages of
    the environment that pycinspect runs in.

    \b
    Examples:
      pycinspect audit
      pycinspect audit /usr/lib/python3/dist-packages -v
      pycinspect audit src --select PYC1,PYC2 --fail-on error
      pycinspect audit downloads --deep --profile security
      pycinspect audit dist/*.whl dist/*.tar.gz image.tar
      pycinspect audit . --write-baseline caches.json
      pycinspect audit . --baseline caches.json --format github
      pycinspect audit /srv/app --user www-data --environment-file /proc/4711/environ
      pycinspect audit --root unpacked-image --user app --read-only --profile deploy

    Settings are read from [tool.pycinspect.audit] in pyproject.toml, too: the nearest in or above
    the directory where you stand. The report says what they decide. With --profile security none
    are taken that lie in an audited tree, unless --config names them.

    Exit codes: 0 clean, 1 findings from --fail-on on, 2 could not do it, or not for each PATH,
    3 an error of pycinspect's own, or of a plugin (PYC902); 2 and 3 also with --exit-zero.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.auditing import Settings

    if optimize and given["levels"] is None:
        given["levels"] = (optimize,)
    shown = Output(format_name, verbose, output)
    accepted = Accepting(write_baseline, exit_zero=exit_zero)
    run_audit(paths, Settings(**given), shown, accepted, config=config, no_config=no_config)
