"""What rules erase although a program could see it: ``diffing`` says of each why it differs."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Note"]


class Note(StrEnum):
    """The slug of one erasure."""

    INLINED_COMPREHENSION = "pep-709-inlined-comprehension"
    LAZY_ANNOTATIONS = "pep-649-annotations"
    ANNOTATION_ORDER = "annotation-order"
    GENEXPR_ITER = "genexpr-iter-timing"
    ITER_ASKED_AGAIN = "iter-asked-again"
    INLINED_ANY_ALL = "inlined-any-all"
    PERCENT_FORMAT = "percent-format"
    DOCSTRING_DEDENT = "docstring-dedent"
    AWAITED_AITER = "awaited-aiter"
    UNPACKING_ORDER = "unpacking-order"
    TRUTH_ASKED_AGAIN = "truth-asked-again"
    NEGATION_ASKED_AGAIN = "negation-asked-again"
    STORE_ORDER = "store-order"
    CLASS_BOOKKEEPING = "class-bookkeeping"
    DEAD_CODE = "dead-code"
    DEAD_STORES = "dead-stores"
    FOLDED_ANNOTATIONS = "folded-annotations"
    FOLDED_CONSTANTS = "folded-constants"
    SUPER_ATTRIBUTE = "super-attribute"
    ASSERT_BUILTIN = "assert-builtin"
    ASYNC_FOR_BUILTIN = "async-for-builtin"
