"""Readers of code objects whose answer is a form, a sequence or a comparison."""

from tests.growth.kit import Group

GROUPS: list[Group] = []
