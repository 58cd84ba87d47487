"""``pycinspect rules``."""

from __future__ import annotations

import json

import click

from pycinspect.cli.common import completing, rule_ids
from pycinspect.cli.failures import debug_option

__all__ = ["command"]


@click.command("rules")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=completing(rule_ids))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a rule, a line each.")
@debug_option
def command(ids: tuple[str, ...], *, as_json: bool) -> None:
    """List the audit's rules, or explain those whose ID is given.

    \b
    Examples:
      pycinspect rules
      pycinspect rules PYC101
      pycinspect rules PYC2

    Exit codes: 0 they were listed, 2 there is no such rule, 3 an error of pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.auditing import require_rules, strength
    from pycinspect.plugins import load_registry

    rules = load_registry().rules
    wanted = [name.upper() for name in ids]
    require_rules(wanted, rules)
    for rule_id in sorted(rules):
        rule = rules[rule_id]
        if wanted and not strength(wanted, rule_id):
            continue
        head = f"{rule.id}  {rule.severity.value:8}  {rule.title}"
        if as_json:
            facts = {
                "id": rule.id,
                "name": rule.name,
                "title": rule.title,
                "severity": rule.severity.value,
                "documentation": rule.documentation(),
            }
            click.echo(json.dumps(facts))
        elif wanted:
            click.echo(f"{head}\n\n{rule.documentation()}\n")
        else:
            click.echo(head)
