"""Which modules does a package import when it is imported?

The fixture ``imports_at_startup``. Uses ``bytecode``, and the processes of ``sandbox``.
"""
