"""Is this code as other code, as a part of a source, as a constant?

Uses ``view`` and ``subjects``, and ``expect`` to write both sides down.
"""
