"""What was asked about: which code is it, and where does it come from?

Uses ``view``, what a session compiled before, and of ``pycinspect`` what reads and compiles.
"""
