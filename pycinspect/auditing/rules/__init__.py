"""The built-in rules, one a file: a rule is registered by the name of its module."""

from importlib import import_module

from pycinspect.auditing.rule import Rule

__all__ = ["BUILT_IN"]

_MODULES = (
    "pyc001_short_header",
    "pyc002_unknown_magic",
    "pyc003_reserved_flags",
    "pyc004_unreadable_payload",
    "pyc005_not_code",
    "pyc006_trailing_bytes",
    "pyc007_odd_encoding",
    "pyc008_limit",
    "pyc009_all_zero",
    "pyc010_class_fails",
    "pyc011_module_fails",
    "pyc101_mtime_differs",
    "pyc102_size_differs",
    "pyc103_hash_differs",
    "pyc104_unchecked_differs",
    "pyc105_same_second",
    "pyc106_risk_window",
    "pyc107_tree_stale",
    "pyc108_cost",
    "pyc109_not_rewritable",
    "pyc110_mixed_modes",
    "pyc111_mtime_wraps",
    "pyc112_class_not_used",
    "pyc201_orphan",
    "pyc202_sourceless",
    "pyc203_shadowed",
    "pyc204_only_pycache",
    "pyc205_missing",
    "pyc206_not_compilable",
    "pyc207_bad_name",
    "pyc208_nested",
    "pyc209_prefix_orphan",
    "pyc210_empty_pycache",
    "pyc211_interrupted_write",
    "pyc301_tag_and_magic",
    "pyc302_other_interpreter",
    "pyc303_several_pythons",
    "pyc304_wrong_library",
    "pyc305_prerelease",
    "pyc306_wrong_level",
    "pyc308_transformed",
    "pyc309_compiled_module",
    "pyc310_other_implementation",
    "pyc401_compiled_elsewhere",
    "pyc402_path_leak",
    "pyc403_several_paths",
    "pyc405_marks",
    "pyc406_set_order",
    "pyc407_copies_differ",
    "pyc501_another_program",
    "pyc502_other_lines",
    "pyc503_not_verified",
    "pyc504_leftovers",
    "pyc505_invalid_bytecode",
    "pyc506_obfuscated",
    "pyc507_capability",
    "pyc508_not_compared",
    "pyc509_not_in_record",
    "pyc510_deceptive_names",
    "pyc511_hash_is_no_signature",
    "pyc512_other_digest",
    "pyc513_same_meaning",
    "pyc601_world_writable",
    "pyc602_more_writers",
    "pyc603_symlink",
    "pyc604_hard_link",
    "pyc605_not_a_file",
    "pyc606_unreadable",
    "pyc607_odd_mode",
    "pyc701_in_wheel",
    "pyc702_in_sdist",
    "pyc704_times_lost",
    "pyc705_other_layer",
    "pyc706_in_package",
    "pyc707_odd_member",
    "pyc708_without_sources",
    "pyc801_disk_use",
    "pyc901_incomplete",
    "pyc902_internal_error",
    "pyc903_unused_suppression",
)


def _rule_in(name: str) -> type[Rule]:
    """Return the one class of a rule that a module defines."""
    module = import_module(f"{__name__}.{name}")
    (rule,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Rule)
        and value.__module__ == module.__name__
    )
    return rule


#: Every rule that pycinspect ships, by id.
BUILT_IN: tuple[type[Rule], ...] = tuple(map(_rule_in, _MODULES))
