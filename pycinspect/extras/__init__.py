"""Plugins that come with pycinspect, for packages that it does not need.

Each is found like anybody's, through its entry point, and does nothing where its package is not
installed. No room imports them.
"""
