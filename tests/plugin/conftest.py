"""Tests of the pytest plugin run pytest inside pytest."""

pytest_plugins = ["pytester"]
