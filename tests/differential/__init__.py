"""Does pycinspect say what real importers do?

A *situation* is a tree of files and a way to start the import. pycinspect is
asked first; then an oracle imports for real; then both answers, told as an
*effect* (which code ran, what was raised, what was written), must be equal.

``python -m tests.differential --examples 300`` prints how often they are.
"""
