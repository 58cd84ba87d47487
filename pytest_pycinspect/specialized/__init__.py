"""What does the interpreter make of a function that ran with these arguments?

The fixture ``specialized``, and the process in which functions run. Uses ``asking`` and ``bytecode``.
"""
