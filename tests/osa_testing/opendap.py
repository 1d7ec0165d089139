"""A DAP2 server over files read with netCDF4; it shares no code with the reader of osa."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

np = pytest.importorskip("numpy")
netCDF4 = pytest.importorskip("netCDF4")

TYPES = {
    "u1": "Byte",
    "i2": "Int16",
    "u2": "UInt16",
    "i4": "Int32",
    "u4": "UInt32",
    "f4": "Float32",
    "f8": "Float64",
}


class Dap(dict[str, Any]):
    """The pages of a DAP2 server for one file: DDS, DAS and DODS below `root`."""

    def __init__(self, root: str, path: Path, *, maps: bool = False) -> None:
        super().__init__()
        self.root = root
        self.maps = maps
        self.file = netCDF4.Dataset(path)
        self.file.set_auto_maskandscale(False)
        self.asked: list[str] = []

    def __missing__(self, path: str) -> Callable[[Any], None]:
        target, _, query = path.partition("?")
        kind = target.removeprefix(self.root)
        self.asked.append(f"{kind}?{unquote(query)}" if query else kind)
        answers = {".dds": self.dds, ".das": self.das, ".dods": lambda: self.dods(unquote(query))}
        found = target.startswith(self.root) and kind in answers
        body = answers[kind]() if found else b"no such thing"

        def answer(handler: Any) -> None:
            handler.send_response(200 if found else 404)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        return answer

    def kind(self, variable: Any) -> str:
        if variable.dtype.kind == "S":
            return "String"
        return TYPES[f"{variable.dtype.kind}{variable.dtype.itemsize}"]

    def array(self, variable: Any, shape: tuple[int, ...]) -> str:
        sizes = zip(variable.dimensions, shape, strict=True)
        dims = "".join(f"[{name} = {size}]" for name, size in sizes)
        return f"{self.kind(variable)} {variable.name}{dims};"

    def is_grid(self, variable: Any) -> bool:
        return variable.ndim > 1 and all(d in self.file.variables for d in variable.dimensions)

    def declaration(self, variable: Any) -> str:
        own = self.array(variable, variable.shape)
        if not self.is_grid(variable):
            return f"    {own}\n"
        maps = [self.file[name] for name in variable.dimensions]
        inner = "".join(f"        {self.array(axis, axis.shape)}\n" for axis in maps)
        return (
            f"    Grid {{\n     Array:\n        {own}\n     Maps:\n{inner}    }} {variable.name};\n"
        )

    def dds(self) -> bytes:
        body = "".join(self.declaration(found) for found in self.file.variables.values())
        return f"Dataset {{\n{body}}} data/file%2enc;\n".encode()

    def das(self) -> bytes:
        def values(holder: Any) -> str:
            text = ""
            for name in holder.ncattrs():
                value = holder.getncattr(name)
                if isinstance(value, str):
                    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                    text += f'        String {name} "{escaped}";\n'
                else:
                    numbers = np.atleast_1d(value)
                    kind = TYPES[f"{numbers.dtype.kind}{numbers.dtype.itemsize}"]
                    text += f"        {kind} {name} {', '.join(str(n) for n in numbers)};\n"
            return text

        parts = [(found.name, found) for found in self.file.variables.values()]
        body = "".join(
            f"    {name} {{\n{values(holder)}    }}\n"
            for name, holder in [*parts, ("NC_GLOBAL", self.file)]
        )
        return f"Attributes {{\n{body}}}\n".encode()

    def dods(self, query: str) -> bytes:
        head, data = "", b""
        for projection in query.split(","):
            found = re.fullmatch(r"([\w.]+?)((?:\[\d+:\d+:\d+\])*)", projection)
            assert found is not None, projection
            name = found.group(1).split(".")[-1]
            variable = self.file[name]
            ranges = re.findall(r"\[(\d+):1:(\d+)\]", found.group(2))
            index = tuple(slice(int(low), int(high) + 1) for low, high in ranges) or ...
            values = np.asarray(variable[index])
            if not self.is_grid(variable):
                head += f"    {self.array(variable, values.shape)}\n"
                data += encode(values)
                continue
            head += f"    Structure {{\n        {self.array(variable, values.shape)}\n"
            data += encode(values)
            if self.maps:
                for position, dimension in enumerate(variable.dimensions):
                    part = np.asarray(self.file[dimension][index[position]])
                    head += f"        {self.array(self.file[dimension], part.shape)}\n"
                    data += encode(part)
            head += f"    }} {name};\n"
        return f"Dataset {{\n{head}}} data;\n\nData:\n".encode() + data


def encode(values: Any) -> bytes:
    """XDR: 16-bit numbers as 32 bits, bytes padded to four, arrays behind their length, twice."""
    wide = {"i2": ">i4", "u2": ">u4"}.get(f"{values.dtype.kind}{values.dtype.itemsize}")
    raw = values.astype(wide or values.dtype.newbyteorder(">")).tobytes()
    raw = raw.rjust(4, b"\0") if values.ndim == 0 else raw + bytes(-len(raw) % 4)
    return raw if values.ndim == 0 else struct.pack(">II", values.size, values.size) + raw
