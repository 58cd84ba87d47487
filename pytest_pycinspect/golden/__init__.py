"""What was this bytecode when somebody last looked at it?

``*.bytecode`` files and the fixture ``bytecode_golden``. Uses ``asking``, ``bytecode`` and ``expect``.
"""
