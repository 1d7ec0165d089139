"""What the fields of a record are called. Needs no library: parameters may name them."""

from __future__ import annotations

from typing import Literal, get_args

FieldName = Literal[
    "title",
    "abstract",
    "keywords",
    "bbox",
    "time",
    "online",
    "datestamp",
    "parent",
    "license",
]
#: All of them, in the order they are shown.
FIELDS: tuple[FieldName, ...] = get_args(FieldName)
