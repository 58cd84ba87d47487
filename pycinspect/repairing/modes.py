"""Permissions that a cache should not have."""

from __future__ import annotations

import stat
from dataclasses import replace

from pycinspect.auditing import Finding
from pycinspect.repairing.damage import Damage
from pycinspect.repairing.folder import REGULAR
from pycinspect.repairing.remedies import REMEDIES
from pycinspect.repairing.repair import Repair, RepairKind, Unmended

__all__ = ["mode_change", "with_mode"]


def with_mode(content: Repair | None, mode: Repair | None) -> Repair | None:
    """Return the repair of a file's content so that the new file has other permissions, too."""
    if content is None or content.after is None or mode is None or mode.after is None:
        return content or mode
    rules = tuple(sorted({*content.rules, *mode.rules}))
    return replace(content, rules=rules, after=content.after._replace(mode=mode.after.mode))


def mode_change(damage: Damage, *, is_replaced: bool) -> tuple[Repair | None, list[Unmended]]:
    """Return what takes away all bits that should not be there, and which have to stay.

    Args:
        damage: the file or directory.
        is_replaced: a new file comes in its place, of which nobody else has a name.
    """
    before = damage.seen.state
    assert before is not None
    bits, mended, left = 0, [], []
    for rule in (rule for rule in damage.findings if REMEDIES[rule].kind is RepairKind.CHMOD):
        shared = before.links if before.kind == REGULAR and not is_replaced else 1
        objection = _mode_objection(damage.findings[rule], shared)
        if objection is None:
            bits |= REMEDIES[rule].bits
            mended.append(rule)
        else:
            left.append(Unmended(rule, damage.path, objection))
    if bits & stat.S_IWOTH:
        bits |= damage.excess  # PYC602, which yields to PYC601
    if not before.mode & bits:
        return None, left
    repair = damage.repaired(RepairKind.CHMOD, mended[0])
    after = before._replace(mode=before.mode & ~bits)
    return replace(repair, rules=tuple(sorted(mended)), after=after), left


def _mode_objection(finding: Finding, names: int) -> str | None:
    if names > 1:
        return f"it has {names - 1} more names, and its mode is theirs, too"
    if str(finding.data.get("writers", "")).startswith("user "):
        return "its owner can write it: who owns it is left to you (chown)"
    return None
