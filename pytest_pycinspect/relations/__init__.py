"""Is this code as other code, as a part of a source, as a constant?

Uses ``view``, ``expect`` to write both sides down, and ``noted``.
"""
