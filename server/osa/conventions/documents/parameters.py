"""The parameters of `documents`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from osa.conventions.authoring import Params

#: Language, script, region, variants, private use: what BCP 47 tags in use are made of.
_BCP47 = (
    r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-x(-[A-Za-z0-9]{1,8})+)?$"
)
#: Identifiers of SPDX joined by AND, OR, WITH, with parentheses; whether they exist is not looked
#: up.
_SPDX = (
    r"^\(*[A-Za-z0-9][A-Za-z0-9.:-]*\+?\)*"
    r"( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.:-]*\+?\)*)*$"
)

Keyword = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Chunking(Params):
    """How to cut the text into pieces."""

    enabled: bool = Field(default=False, description="Write the pieces as `chunks.jsonl`.")
    size: int = Field(
        default=2000, ge=50, le=1_000_000, description="Characters of one piece, at most."
    )
    overlap: int = Field(
        default=200,
        ge=0,
        description="Characters that a piece repeats of the one before, at most; at most half of "
        "`size`.",
    )
    by: Literal["paragraph", "characters"] = Field(
        default="paragraph",
        description="Cut between paragraphs where that fits, or after exactly `size` characters.",
    )

    @model_validator(mode="after")
    def _moves_on(self) -> Self:
        # More would multiply the text: a piece that repeats all but a character of the one before
        # makes as many pieces as there are characters.
        if self.overlap > self.size // 2:
            raise ValueError("overlap must be at most half of size")
        return self


class DocumentParams(Params):
    """What to record about the documents, and what to make of them."""

    on_media_type_mismatch: Literal["record", "fail"] = Field(
        default="record",
        description="When the declared media type is not what the content is: `record` both, or "
        "reject the document (`fail`).",
    )
    expected_sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F]{64}$",
        description="SHA-256 the content must have, hexadecimal. For a single source only.",
    )
    title: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Title; a source's own `title` goes before it.",
    )
    description: str | None = Field(
        default=None, max_length=20_000, description="What the documents are about."
    )
    language: str | None = Field(
        default=None,
        pattern=_BCP47,
        max_length=64,
        description="Language tag of BCP 47, as `en` or `nb-NO`.",
    )
    license: str | None = Field(
        default=None,
        pattern=_SPDX,
        max_length=200,
        description="License expression of SPDX, as `CC-BY-4.0`.",
    )
    keywords: tuple[Keyword, ...] = Field(default=(), max_length=200, description="Keywords.")
    extract_text: bool = Field(
        default=True, description="Keep the document's text as `text.txt` where it can be read."
    )
    max_text_chars: int = Field(
        default=5_000_000,
        ge=1,
        le=50_000_000,
        description="Characters of text that are kept; the rest is left out: `truncated`.",
    )
    chunk: Chunking = Field(default=Chunking(), description="Cut the text into pieces.")
    max_bytes: int = Field(
        default=1024**3,
        ge=1,
        description="Bytes of one document, at most; a larger one is rejected.",
    )
