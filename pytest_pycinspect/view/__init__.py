"""What does the code do? Instructions, and facts about them, as values.

They know nothing of pytest, of files, and of expectations. Uses ``pycinspect``'s rooms; of the
plugin nothing.
"""
