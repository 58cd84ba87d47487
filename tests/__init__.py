"""The tests of pycinspect."""
