"""Which objects does the code call?

Names are looked up in what is there; nothing is imported, and no code runs. Uses ``view`` and
``subjects``.
"""
