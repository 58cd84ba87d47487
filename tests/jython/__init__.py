"""Jython: its class files against Jython itself and against javap."""
