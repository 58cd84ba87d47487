"""What code could do to a machine, by the modules that it imports and the names that it uses.

A list for readers of code that has no source, and for finding what the source does not name. It
proves nothing: a name can be made at run time, and most programs with such names are honest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.cache import source_lines
from pycinspect.dialects import Dialect
from pycinspect.disasm.decode import bare_instructions
from pycinspect.pyc import Code

__all__ = ["CAPABILITIES", "Capability", "capabilities_of", "names_missing_in"]


class Capability(NamedTuple):
    """One thing that code could do.

    Args:
        modules: it imports one of these, or a part of one.
        names: it uses one of these as a global or an attribute.
    """

    modules: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What a capability is called, to how it is known.
CAPABILITIES: Mapping[str, Capability] = MappingProxyType(
    {
        "network": Capability(
            _words(
                "socket ssl http httplib urllib urllib2 urllib3 requests httpx aiohttp ftplib"
                " smtplib telnetlib poplib imaplib nntplib xmlrpc xmlrpclib socketserver"
                " SocketServer websocket websockets paramiko"
            )
        ),
        "other programs": Capability(
            _words("subprocess pty commands popen2 pexpect"),
            _words(
                "system popen popen2 popen3 popen4 execl execle execlp execlpe execv execve execvp"
                " execvpe spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe"
                " posix_spawn posix_spawnp fork forkpty startfile create_subprocess_exec"
                " create_subprocess_shell"
            ),
        ),
        "code made at run time": Capability(
            _words("marshal code codeop imp runpy"),
            _words("exec eval execfile __import__ import_module CodeType FunctionType"),
        ),
        "native code": Capability(_words("ctypes _ctypes cffi _cffi_backend")),
        "pickles": Capability(_words("pickle cPickle _pickle dill cloudpickle shelve jsonpickle")),
        "secrets": Capability(
            _words("keyring getpass netrc pwd spwd win32crypt browser_cookie3 secretstorage")
        ),
        "input devices and screen": Capability(
            _words("pynput keyboard mouse pyautogui mss pyscreenshot ImageGrab")
        ),
    }
)


def capabilities_of(codes: Sequence[Code], dialect: Dialect) -> dict[str, list[str]]:
    """Return what a module could do, and by which names.

    Args:
        codes: its code object, and all inside it.
        dialect: who wrote them. Where the numbers of its opcodes are not known, nothing says which
            names are imported, and every name is taken for one that may be.

    Returns:
        Names of :data:`CAPABILITIES`, in their order, to the modules and names that show it.

    >>> from pycinspect.disasm import code_of
    >>> from pycinspect.dialects import DIALECTS
    >>> made = code_of(compile("import os, socket; os.system('ls')", "m.py", "exec"))
    >>> capabilities_of([made], DIALECTS.running())
    {'network': ['socket'], 'other programs': ['system']}
    """
    names = frozenset(chain.from_iterable(code.names for code in codes))
    modules = frozenset(chain.from_iterable(_imported(code, dialect) for code in codes))
    found: dict[str, list[str]] = {}
    for title, capability in CAPABILITIES.items():
        imported = {module for module in modules if _is_in(module, capability.modules)}
        shown = sorted(imported | (names & capability.names))
        if shown:
            found[title] = shown
    return found


def _imported(code: Code, dialect: Dialect) -> Iterator[str]:
    """Yield the modules of the table that one code object imports by statements."""
    candidates = [name for name in code.names if _is_in(name, _MODULES)]
    if not candidates or dialect.bytecode is None or dialect.unchecked:
        yield from candidates
        return
    for step in bare_instructions(code, dialect.bytecode):
        if step.opname == _IMPORT and step.argval in candidates:
            yield str(step.argval)


_MODULES = frozenset[str]().union(*(one.modules for one in CAPABILITIES.values()))
_IMPORT = "IMPORT_NAME"


def _is_in(module: str, modules: frozenset[str]) -> bool:
    """Return whether a module is one of some, or a part of one."""
    return module in modules or module.partition(".")[0] in modules


def names_missing_in(source: bytes, names: Iterable[str]) -> list[str]:
    """Return those names that a source does not have: no compiler finds them there.

    Args:
        source: the bytes of the file.
        names: identifiers in ASCII, or several with dots between them.

    The compiler brings names to their normal form (PEP 3131), so that is what is looked for in a
    source that has other characters.

    >>> names_missing_in(b"import os . path", ["os.path", "socket"])
    ['socket']
    """
    missing = [name for name in names if not _has_all(source.decode("latin-1"), name)]
    if not missing or (source.isascii() and b"coding" not in source):
        return missing
    text = unicodedata.normalize("NFKC", "\n".join(source_lines("", source).lines))
    return [name for name in missing if not _has_all(text, name)]


def _has_all(text: str, name: str) -> bool:
    return all(_has_word(text, part) for part in name.split(".") if part)


def _has_word(text: str, word: str) -> bool:
    """Return whether a word is in a text: ten times as fast as a pattern with ends of words."""
    place = text.find(word)
    while place >= 0:
        around = (text[place - 1 : place], text[place + len(word) : place + len(word) + 1])
        if not any(character.isalnum() or character == "_" for character in around):
            return True
        place = text.find(word, place + 1)
    return False
