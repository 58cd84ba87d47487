"""How does a person, or a machine, read it?

One module a format, imported by its own name: a command loads no format but the one that it
writes. Reporters of an audit take findings as they come and keep none, and are listed in
``formats``; verdicts, headers and differences are rendered by plain functions. Uses ``auditing``,
``diffing``, ``programs``, ``canonical``, ``disasm``, ``cache``, ``pyc``, ``dialects``, ``errors``
and ``values``.
"""
