"""Tests that need no other interpreter than the running one."""
