"""Which modules does a package import when it is imported?

The fixture ``imports_at_startup``. Uses ``asking``, ``bytecode``, and the processes of ``sandbox``.
"""
