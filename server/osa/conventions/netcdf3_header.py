"""The header of a NetCDF classic file, read without any library, and held against the file's size.

Format: "NetCDF Classic Format Specification" (NetCDF Users Guide, appendix B): CDF-1, CDF-2
(64-bit offsets) and CDF-5 (64-bit data). Everything is big-endian.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import BinaryIO

from osa.conventions.failures import SourceRefused

_ABSENT, _DIMENSION, _VARIABLE, _ATTRIBUTE = 0, 10, 11, 12
#: Bytes of one value by nc_type: byte, char, short, int, float, double, then those of CDF-5.
_WIDTH = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
#: Names and attributes are small; a header that wants more is not one we read.
_MAX_NAME = 64 * 1024
_MAX_ENTRIES = 100_000


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a header says its variables hold."""

    variables: int
    #: Values of the largest variable.
    largest_elements: int
    #: Bytes of all variables together.
    total_bytes: int


def read_header(stream: BinaryIO, *, size: int, label: str) -> Declared:
    """Walk the header of the classic file of `size` bytes at the start of `stream`.

    Raises SourceRefused when the header is broken, or declares more data than the file holds (the
    format has no compression: declared bytes are bytes of the file).
    """
    return _Header(stream, size, label).read()


class _Header:
    def __init__(self, stream: BinaryIO, size: int, label: str) -> None:
        self._stream = stream
        self._size = size
        self._label = label
        self._wide_offsets = False
        self._wide_counts = False

    def read(self) -> Declared:
        magic = self._take(4)
        version = magic[3]
        if magic[:3] != b"CDF" or version not in (1, 2, 5):
            raise self._broken("the magic number is not CDF-1, CDF-2 or CDF-5")
        self._wide_offsets = version in (2, 5)
        self._wide_counts = version == 5
        records = self._count()
        if records == (1 << (64 if self._wide_counts else 32)) - 1:
            records = 0  # streaming: the library derives the number from the size of the file
        lengths = [self._dimension() for _ in range(self._list_of(_DIMENSION))]
        self._skip_attributes()

        fixed_end = record_size = record_begin = total = largest = 0
        variables = self._list_of(_VARIABLE)
        record_sizes = []
        for _ in range(variables):
            name = self._name()
            rank = self._count()
            if rank > 1024:
                raise self._broken(f"{name!r} has {rank} dimensions")
            ids = [self._count() for _ in range(rank)]
            if any(number >= len(lengths) for number in ids):
                raise self._broken(f"{name!r} names a dimension that is not there")
            self._skip_attributes()
            kind = self._integer(4)
            if kind not in _WIDTH:
                raise self._broken(f"{name!r} has the unknown type {kind}")
            self._count()  # vsize is redundant, and wrong by design above 4 GiB: computed below
            begin = self._integer(8 if self._wide_offsets else 4)
            shape = [lengths[number] for number in ids]
            if 0 in shape[1:]:
                raise self._broken(f"{name!r} has the record dimension in second place")
            is_record = bool(shape) and shape[0] == 0
            elements = prod(shape[1:] if is_record else shape)
            data = elements * _WIDTH[kind]
            if is_record:
                record_sizes.append(data)
                record_begin = min(record_begin or begin, begin)
                total += data * records
                largest = max(largest, elements * records)
            else:
                fixed_end = max(fixed_end, begin + data)
                total += data
                largest = max(largest, elements)
        # Each variable of a record is padded to 4 bytes, except when it is the only one.
        record_size = (
            record_sizes[0]
            if len(record_sizes) == 1
            else sum(data + -data % 4 for data in record_sizes)
        )
        needed = max(fixed_end, record_begin + records * record_size if records else 0)
        # The padding of the very last variable may be missing.
        if needed > self._size + 3:
            raise SourceRefused(
                f"The header of {self._label} declares {needed} bytes; the file has {self._size}.",
                hint="The file was cut short or made up; fetch it again.",
            )
        return Declared(variables=variables, largest_elements=largest, total_bytes=total)

    def _take(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise self._broken("it ends inside the header")
        return data

    def _integer(self, width: int) -> int:
        return int.from_bytes(self._take(width), "big")

    def _count(self) -> int:
        return self._integer(8 if self._wide_counts else 4)

    def _list_of(self, tag: int) -> int:
        """Number of entries of the list that starts here; 0 for an absent one."""
        found = self._integer(4)
        entries = self._count()
        if found == _ABSENT and entries == 0:
            return 0
        if found != tag or entries > _MAX_ENTRIES:
            raise self._broken(f"a list has the tag {found} and {entries} entries")
        return entries

    def _name(self) -> str:
        length = self._count()
        if length > _MAX_NAME:
            raise self._broken(f"a name has {length} bytes")
        text = self._take(length + -length % 4)[:length]
        return text.decode("utf-8", errors="replace")

    def _dimension(self) -> int:
        self._name()
        return self._count()

    def _skip_attributes(self) -> None:
        for _ in range(self._list_of(_ATTRIBUTE)):
            name = self._name()
            kind = self._integer(4)
            if kind not in _WIDTH:
                raise self._broken(f"the attribute {name!r} has the unknown type {kind}")
            count = self._count() * _WIDTH[kind]
            count += -count % 4
            if self._stream.tell() + count > self._size:
                raise self._broken(f"the attribute {name!r} is longer than the file")
            self._stream.seek(count, 1)

    def _broken(self, why: str) -> SourceRefused:
        return SourceRefused(f"{self._label} is not a sound NetCDF classic file: {why}.")
