"""All that can be asked of the bytecode of one code object, and of one with all inside it.

Each class adds what it is asked about to the one before: ``identity`` (which code is it?), ``instructions``,
``expecting`` (expectations), ``relating`` (other code), ``facade`` (parts, nested code, views, facts). Uses
all rooms below.
"""

from pytest_pycinspect.bytecode.facade import Bytecode, Tree

__all__ = ["Bytecode", "Tree"]
