"""DAP2, the protocol of OPeNDAP: its two descriptions of a dataset, and its binary answers.

Format: "The Data Access Protocol — DAP 2.0" (NASA ESE-RFC-004.1.2), §4 (DAS), §5 (DDS), §7 (values
in XDR, RFC 4506). Arrays and grids of numbers are read; strings and sequences are known by
name and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from osa.conventions.failures import SourceInvalid, SourceRefused

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Type name → (numpy type of the values, numpy type on the wire). 16-bit numbers travel as 32 bits.
NUMBERS: dict[str, tuple[str, str]] = {
    "byte": ("u1", "u1"),
    "int16": ("i2", ">i4"),
    "uint16": ("u2", ">u4"),
    "int32": ("i4", ">i4"),
    "uint32": ("u4", ">u4"),
    "float32": ("f4", ">f4"),
    "float64": ("f8", ">f8"),
}
_DDS_TOKEN = re.compile(r"[{}\[\];=]|[^\s{}\[\];=]+")
_DAS_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{};,]|[^\s{};,"]+', re.DOTALL)
_MAX_VARIABLES = 20_000
_MAX_DEPTH = 16
#: As many as HDF5 can store.
_MAX_DIMENSIONS = 32
#: A size that 64 bits hold, in ASCII: `isdigit` knows others, and `int` refuses very long ones.
_SIZE = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True)
class Array:
    """A declared array, or a scalar without dimensions."""

    name: str
    #: Lower-case DAP type.
    type: str
    #: (name or empty, size) of each dimension.
    dimensions: tuple[tuple[str, int], ...]
    #: The grid or structure it belongs to; empty at the top.
    inside: str = ""

    @property
    def projection(self) -> str:
        """What a constraint expression calls it."""
        return f"{self.inside}.{self.name}" if self.inside else self.name


@dataclass(kw_only=True)
class Description:
    """What a DDS declares, in its order: also the order of the values in an answer."""

    arrays: list[Array] = field(default_factory=list)
    #: Something was declared that is not read: the values of an answer cannot be told apart.
    unread: bool = False


def parse_dds(text: str, *, label: str) -> Description:
    """Raises SourceInvalid when the text is not a DDS."""
    return _Dds(text, label).parse()


class _Dds:
    def __init__(self, text: str, label: str) -> None:
        self._label = label
        self._tokens: Iterator[str] = (match.group() for match in _DDS_TOKEN.finditer(text))
        self._found = Description()

    def parse(self) -> Description:
        if self._next().lower() != "dataset" or self._next() != "{":
            raise SourceInvalid(f"{self._label} answered something that is not a DDS.")
        while (word := self._next()) != "}":
            self._declaration(word, depth=0)
        return self._found

    def _next(self) -> str:
        token = next(self._tokens, None)
        if token is None:
            raise SourceInvalid(f"The DDS of {self._label} ends too early.")
        return token

    def _declaration(self, word: str, *, depth: int) -> None:
        kind = word.lower()
        if depth > _MAX_DEPTH or len(self._found.arrays) > _MAX_VARIABLES:
            raise SourceRefused(f"The DDS of {self._label} is too large.")
        if kind in ("grid", "structure", "sequence"):
            self._container(kind, depth)
        else:
            name, dimensions = self._name_and_dimensions()
            self._found.arrays.append(Array(name=name, type=kind, dimensions=dimensions))

    def _container(self, kind: str, depth: int) -> None:
        """A grid or a structure: its arrays follow each other. The values of a sequence, or of an
        array of structures, have a shape of their own and are not read."""
        first = len(self._found.arrays)
        self._expect("{")
        while (word := self._next()) != "}":
            if word.lower() not in ("array:", "maps:"):
                self._declaration(word, depth=depth + 1)
        name, dimensions = self._name_and_dimensions()
        if kind == "sequence" or dimensions:
            self._found.unread = True
            del self._found.arrays[first:]
        for position in range(first, len(self._found.arrays)):
            inner = self._found.arrays[position]
            inside = f"{name}.{inner.inside}" if inner.inside else name
            self._found.arrays[position] = replace(inner, inside=inside)

    def _name_and_dimensions(self) -> tuple[str, tuple[tuple[str, int], ...]]:
        name = unquote(self._next())
        dimensions: list[tuple[str, int]] = []
        while (token := self._next()) != ";":
            if token != "[":
                raise SourceInvalid(f"The DDS of {self._label} is broken near {token[:40]!r}.")
            words = []
            while (word := self._next()) != "]":
                words.append(word)
            if (
                not words
                or not _SIZE.fullmatch(words[-1])
                or (len(words), words[1:2])
                not in (
                    (1, []),
                    (3, ["="]),
                )
            ):
                shown = " ".join(words)[:80]
                raise SourceInvalid(f"The DDS of {self._label} has the dimension {shown!r}.")
            if len(dimensions) == _MAX_DIMENSIONS:
                raise SourceRefused(f"The DDS of {self._label} has too many dimensions.")
            dimensions.append((unquote(words[0]) if len(words) == 3 else "", int(words[-1])))
        return name, tuple(dimensions)

    def _expect(self, token: str) -> None:
        if (found := self._next()) != token:
            raise SourceInvalid(f"The DDS of {self._label} is broken near {found[:40]!r}.")


def parse_das(text: str, *, label: str) -> dict[str, Any]:
    """Attributes by variable: numbers, text, or lists of them; nested containers are mappings.

    Raises SourceInvalid when the text is not a DAS.
    """
    tokens = (match.group() for match in _DAS_TOKEN.finditer(text))
    if next(tokens, "").lower() != "attributes" or next(tokens, "") != "{":
        raise SourceInvalid(f"{label} answered something that is not a DAS.")
    return _das_container(tokens, label, 0)


def _das_container(tokens: Iterator[str], label: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if depth > _MAX_DEPTH:
        raise SourceRefused(f"The DAS of {label} is nested too deeply.")
    for token in tokens:
        if token == "}":
            return found
        if token == ";":
            continue
        name = next(tokens, "")
        if name == "{":
            found[unquote(token)] = _das_container(tokens, label, depth + 1)
            continue
        values: list[str] = []
        for value in tokens:
            if value == ";":
                break
            if value != ",":
                values.append(value)
        found[unquote(name)] = _das_value(token.lower(), values)
    raise SourceInvalid(f"The DAS of {label} ends too early.")


def _das_value(kind: str, words: list[str]) -> Any:
    values: list[Any] = []
    for word in words:
        if kind in ("byte", "int16", "uint16", "int32", "uint32", "float32", "float64"):
            try:
                values.append(_number(kind, word))
            except ValueError:
                values.append(float("nan"))
        else:
            quoted = word.startswith('"')
            values.append(re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL) if quoted else word)
    if len(values) == 1:
        return values[0]
    if values and all(isinstance(value, str) for value in values):
        # Unquoted words are one text.
        return " ".join(values) if not words[0].startswith('"') else "\n".join(values)
    return values


def _number(kind: str, word: str) -> float:
    """A number as its type holds it: a Float32 of 0.01 is not the Float64 of 0.01, and a scale
    factor read as the other moves every pixel by a rounding."""
    import numpy

    if kind == "float32":
        return float(numpy.float32(word))
    if kind == "float64":
        return float(word)
    value = int(word)
    if not -(2**63) <= value < 2**64:
        raise ValueError("no attribute can hold it")
    return value


def wire_size(array: Array) -> int:
    """Bytes that the values of the array take in an answer."""
    size = prod(length for _, length in array.dimensions)
    wire = int(NUMBERS[array.type][1][-1])
    if not array.dimensions:
        return max(wire, 4)
    return 8 + size * wire + -(size * wire) % 4


def decode(body: bytes, *, label: str, max_values: int) -> Mapping[str, NDArray[Any]]:
    """The arrays of a `.dods` answer, by projection name. Raises SourceInvalid, SourceRefused."""
    import numpy

    head, found, values = body.partition(b"\nData:\n")
    if not found:
        head, found, values = body.partition(b"\r\nData:\r\n")
    if not found:
        shown = body[:300].decode("utf-8", errors="replace").strip()
        raise SourceInvalid(f"{label} answered no data: {shown}")
    description = parse_dds(head.decode("utf-8", errors="replace"), label=label)
    if description.unread:
        raise SourceInvalid(f"{label} answered sequences, which are not read.")
    at = 0
    result: dict[str, NDArray[Any]] = {}
    for array in description.arrays:
        if array.type not in NUMBERS:
            raise SourceInvalid(f"{label} answered {array.name!r} of the type {array.type!r}.")
        shape = tuple(length for _, length in array.dimensions)
        count = prod(shape)
        if count > max_values:
            raise SourceRefused(f"{label} answered {count} values of {array.name!r}.")
        if count == 0:
            raise SourceInvalid(f"{label} answered no values of {array.name!r}.")
        kept, wire = NUMBERS[array.type]
        if shape:
            # The length stands twice, once for DAP and once for XDR.
            lengths = values[at : at + 8]
            if lengths != count.to_bytes(4, "big") * 2:
                raise SourceInvalid(f"{label} answered another number of values than it declares.")
            at += 8
        elif wire == "u1":
            at += 3  # a scalar byte fills four
        dtype = numpy.dtype(wire)
        if at + count * dtype.itemsize > len(values):
            raise SourceInvalid(f"The answer of {label} ends inside {array.name!r}.")
        numbers = numpy.frombuffer(values, dtype, count=count, offset=at)
        at += count * dtype.itemsize
        at += -at % 4
        result[array.projection] = numbers.astype(kept).reshape(shape)
    return result
