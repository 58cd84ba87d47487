"""IronPython: assemblies that its compiler wrote, and others that it did not."""
