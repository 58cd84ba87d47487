"""A repository in which everything that can name a command names one that leaves a trace."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

#: Settings whose value is a command, or leads to one (git-config(1), gitattributes(5),
#: githooks(7), git-remote-ext(1)); ``{}`` is a program that leaves a trace.
SETTINGS = {
    "alias.cat-file": "!{}",
    "alias.ls-tree": "!{}",
    "alias.rev-parse": "!{}",
    "browser.trap.cmd": "{}",
    "browser.trap.path": "{}",
    "core.alternateRefsCommand": "{}",
    "core.askPass": "{}",
    "core.editor": "{}",
    "core.fsmonitor": "{}",
    "core.gitProxy": "{}",
    "core.hooksPath": "{hooks}",
    "core.pager": "{}",
    "core.sshCommand": "{}",
    "credential.helper": "{}",
    "credential.https://nowhere.helper": "!{}",
    "diff.external": "{}",
    "diff.trap.command": "{}",
    "diff.trap.textconv": "{}",
    "difftool.trap.cmd": "{}",
    "difftool.trap.path": "{}",
    "filter.trap.clean": "{}",
    "filter.trap.process": "{}",
    "filter.trap.required": "true",
    "filter.trap.smudge": "{}",
    "gpg.openpgp.program": "{}",
    "gpg.program": "{}",
    "gpg.ssh.defaultKeyCommand": "{}",
    "gpg.ssh.program": "{}",
    "gpg.x509.program": "{}",
    "guitool.trap.cmd": "{}",
    "help.browser": "trap",
    "imap.tunnel": "{}",
    "include.path": "{include}",
    "includeIf.gitdir:/.path": "{include}",
    "includeIf.gitdir:**.path": "{include}",
    "includeIf.hasconfig:remote.*.url:**.path": "{include}",
    "includeIf.onbranch:**.path": "{include}",
    "instaweb.httpd": "{}",
    "interactive.diffFilter": "{}",
    "log.showSignature": "true",
    "man.trap.cmd": "{}",
    "man.trap.path": "{}",
    "merge.trap.driver": "{}",
    "mergetool.trap.cmd": "{}",
    "pager.cat-file": "{}",
    "pager.config": "{}",
    "pager.ls-tree": "{}",
    "pager.rev-parse": "{}",
    "protocol.allow": "always",
    "protocol.ext.allow": "always",
    "receive.procReceiveRefs": "refs",
    "remote.trap.proxy": "{}",
    "remote.trap.receivepack": "{}",
    "remote.trap.uploadpack": "{}",
    "remote.trap.vcs": "trap",
    "sendemail.ccCmd": "{}",
    "sendemail.smtpServer": "{}",
    "sendemail.toCmd": "{}",
    "sequence.editor": "{}",
    "submodule.sub.update": "!{}",
    "trace2.eventTarget": "{trace}",
    "trailer.trap.cmd": "{}",
    "trailer.trap.command": "{}",
    "trailer.trap.key": "Trap: ",
    "uploadpack.packObjectsHook": "{}",
    "url.ext::{} .insteadOf": "https://",
    "web.browser": "trap",
    # What moves, rather than runs.
    "core.attributesFile": "{attributes}",
    "core.bare": "true",
    "core.excludesFile": "{attributes}",
    "core.worktree": "{elsewhere}",
    "extensions.worktreeConfig": "true",
}
#: What is missing is fetched from here.
PROMISOR = {
    "core.repositoryFormatVersion": "1",
    "extensions.partialClone": "promisor",
    "remote.promisor.promisor": "true",
}
#: How it would be fetched: each by running something else.
URLS = {
    "ssh": "ssh://nowhere/x",
    "git": "git://nowhere/x",
    "ext": "ext::{}",
    "helper": "trap::x",
    "https": "https://nowhere.invalid/x",
    "file": "file:///{elsewhere}",
}
HOOKS = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
]
#: Variables of the user's shell, as a program may have left them.
VARIABLES = {
    "EDITOR": "{}",
    "GIT_ALLOW_PROTOCOL": "ext:ssh:git:file:https",
    "GIT_ASKPASS": "{}",
    "GIT_CONFIG": "{include}",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_GLOBAL": "{include}",
    "GIT_CONFIG_KEY_0": "core.fsmonitor",
    "GIT_CONFIG_KEY_1": "core.sshCommand",
    "GIT_CONFIG_PARAMETERS": "'core.sshCommand'='{}'",
    "GIT_CONFIG_SYSTEM": "{include}",
    "GIT_CONFIG_VALUE_0": "{}",
    "GIT_CONFIG_VALUE_1": "{}",
    "GIT_EDITOR": "{}",
    "GIT_EXEC_PATH": "{programs}",
    "GIT_EXTERNAL_DIFF": "{}",
    "GIT_PAGER": "{}",
    "GIT_PROXY_COMMAND": "{}",
    "GIT_SEQUENCE_EDITOR": "{}",
    "GIT_SSH": "{}",
    "GIT_SSH_COMMAND": "{}",
    "GIT_TEMPLATE_DIR": "{hooks}",
    "GIT_TRACE": "{trace}",
    "GIT_TRACE2": "{trace}",
    "GIT_TRACE2_EVENT": "{trace}",
    "GIT_TRACE_SETUP": "{trace}",
    "HOME": "{home}",
    "PAGER": "{}",
    "SSH_ASKPASS": "{}",
    "SSH_ASKPASS_REQUIRE": "force",
    "VISUAL": "{}",
    "XDG_CONFIG_HOME": "{home}",
}
ATTRIBUTES = "* filter=trap diff=trap merge=trap export-subst ident working-tree-encoding=UTF-16\n"
#: What decides how a repository is read; a trap there is refused, see test_repositories.
_BINDING = re.compile(r"extensions\.|core\.repositoryformatversion", re.IGNORECASE)


class Field:
    """A repository and the traps in it.

    Args:
        root: of the repository.
        outside: a directory of its own, for programs and their traces.
    """

    def __init__(self, root: Path, outside: Path) -> None:
        self.root, self.outside = root, outside
        self.git_directory = root / ".git"
        self._fired = outside / "fired"
        for name in ("fired", "bin", "hooks", "elsewhere", "home", "programs"):
            (outside / name).mkdir(parents=True)
        for name in HOOKS:
            self._program(outside / "hooks" / name, f"hook:{name}")
        for name in ("git-remote-trap", "git-remote-https", "git-rev-parse", "git-cat-file"):
            self._program(outside / "programs" / name, f"program:{name}")
        lines = [self.line(key, value) for key, value in SETTINGS.items() if "include" not in key]
        (outside / "include").write_text("".join(lines))
        (outside / "home" / ".gitconfig").write_text("".join(lines))
        (outside / "home" / "git").mkdir()
        (outside / "home" / "git" / "config").write_text("".join(lines))
        (outside / "attributes").write_text(ATTRIBUTES)

    def fired(self) -> set[str]:
        """Return which traps left their traces."""
        return {path.name for path in self._fired.iterdir()}

    def value(self, key: str, template: str) -> str:
        """Return a trap's value, with a program of its own."""
        if "{" not in template:
            return template
        name = re.sub(r"[^\w.-]", "_", key)
        program = self._program(self.outside / "bin" / name, name)
        places = {
            name: self.outside / name
            for name in ("attributes", "elsewhere", "home", "hooks", "include", "programs")
        }
        return template.format(program, trace=self._fired / f"trace:{name}", **places)

    def line(self, key: str, template: str) -> str:
        """Return a setting as a line of a configuration."""
        section, _, rest = self.value(key, key).partition(".")
        within, dot, name = rest.rpartition(".")
        title = f'{section} "{within}"' if dot else section
        return f'[{title}]\n\t{name} = "{self.value(key, template)}"\n'

    def set(self, settings: dict[str, str], file: str = "config") -> None:
        """Lay traps of a configuration."""
        with (self.git_directory / file).open("a") as stream:
            stream.writelines(self.line(*setting) for setting in settings.items())

    def set_files(self) -> None:
        """Lay the traps that are files: hooks, attributes, modules, and a second configuration."""
        for folder in ("hooks", "branches", "remotes"):
            (self.git_directory / folder).mkdir(exist_ok=True)
        for name in HOOKS:
            self._program(self.git_directory / "hooks" / name, f"hook:{name}")
        (self.git_directory / "info").mkdir(exist_ok=True)
        (self.git_directory / "info" / "attributes").write_text(ATTRIBUTES)
        (self.root / ".gitattributes").write_text(ATTRIBUTES)
        update = self.value("gitmodules", "!{}")
        url = self.value("gitmodules", "ext::{}")
        (self.root / ".gitmodules").write_text(
            f'[submodule "sub"]\n\tpath = sub\n\turl = {url}\n\tupdate = {update}\n'
        )
        (self.git_directory / "remotes" / "origin").write_text(f"URL: {url}\n")
        (self.git_directory / "branches" / "origin").write_text(f"{url}\n")
        self.set({"core.fsmonitor": "{}", "core.sshCommand": "{}"}, "config.worktree")

    def variables(self) -> dict[str, str]:
        """Return an environment full of traps."""
        return {name: self.value(name, text) for name, text in VARIABLES.items()}

    def remove(self, number: str) -> None:
        """Take an object away, as a partial clone leaves it out."""
        (self.git_directory / "objects" / number[:2] / number[2:]).unlink()

    def _program(self, path: Path, name: str) -> Path:
        trace = shlex.quote(os.fspath(self._fired / name))
        path.write_text(f"#!/bin/sh\n: > {trace}\nexit 1\n")
        path.chmod(0o755)
        return path


def all_keys() -> Iterable[str]:
    """Yield every setting that this git knows, with a name in place of ``<name>`` and ``*``.

    One of gitweb has an underscore, which makes its file a broken one.
    """
    said = subprocess.run(["git", "help", "-c"], capture_output=True, encoding="utf-8", check=True)
    for line in said.stdout.splitlines():
        if re.fullmatch(r"[a-zA-Z0-9]+\.[^\s_]+", line) and not _BINDING.match(line):
            yield re.sub(r"<[^>]*>|\*", "trap", line)
