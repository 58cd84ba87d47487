"""What it finds
=============
A member of an archive that lies elsewhere, or is something else, than its name says: a name that
leads out of the archive (``../x.py``), a name that comes twice, a hard link to what is not in
it, a member in what is not a directory.

Why it matters
==============
Unpackers do not agree on such members. Some refuse the archive, some leave the member out, some
write it where it leads; of two with one name, some take the first. So what is judged here need
not be what is installed there, and that is what such archives are made for.

What to do
==========
Do not install it before it is known who made it so, and why. Of a name that comes twice, the last
was judged; a member that leads elsewhere was not looked at.
"""

from collections.abc import Iterator

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule

__all__ = ["OddMember"]

#: Characters of a name that are shown.
_SHOWN = 200


class OddMember(Rule):
    """PYC707."""

    id = "PYC707"
    name = "odd-member"
    title = "Archive member that is not what its name says"
    severity = Severity.WARNING
    message = "the archive has a member {member} that {reason}"
    needs_archive = True
    about_tree = True

    def finish(self) -> Iterator[Finding]:
        """Report what was odd when the archive was read."""
        place = self.context.policy.view.archive_of(self.context.root)
        if place is None:
            return
        archive = place.archive
        for member, reason in archive.oddities:
            yield self.of_path(self.context.root, {"member": member[:_SHOWN], "reason": reason})
        others = archive.odd - len(archive.oddities)
        if others:
            data = {"member": "", "reason": "", "others": others}
            finding = self.of_path(self.context.root, data)
            yield finding._replace(template="{others} more members of the archive are like these")
