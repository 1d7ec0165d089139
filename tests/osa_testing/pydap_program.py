"""pydap's DAP2 responses over one file read with netCDF4, run by pydap's own Python.

pydap's handler of NetCDF unpacks coordinates and dies on scalar variables; so the dataset is put
together here, and how it is described and sent is pydap's. `python pydap_program.py FILE` says
`port N`. `/sent` answers how many bytes of bodies were sent in all, and of `.dods` alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import netCDF4
import numpy
from pydap.handlers.lib import BaseHandler
from pydap.model import BaseType, DatasetType

SENT = {"all": 0, "dods": 0}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Silent."""


class Lazy:
    """A variable whose numbers are read when they are asked for."""

    def __init__(self, variable: Any) -> None:
        self._variable = variable
        self.dtype = numpy.dtype(variable.dtype)
        self.shape = tuple(variable.shape)
        self.ndim = len(self.shape)

    def __getitem__(self, key: Any) -> Any:
        return numpy.asarray(self._variable[key])

    def __len__(self) -> int:
        return int(self.shape[0])


def dataset_of(path: str) -> DatasetType:
    """Everything in the file that DAP2 can hold, as it is stored."""

    def attributes(holder: Any) -> dict[str, Any]:
        found = {name: holder.getncattr(name) for name in holder.ncattrs()}
        return {
            name: value.tolist() if getattr(value, "ndim", 0) else value
            for name, value in found.items()
        }

    file = netCDF4.Dataset(path)
    file.set_auto_maskandscale(False)
    made = DatasetType("data", attributes={"NC_GLOBAL": attributes(file)})
    for name, variable in file.variables.items():
        values = Lazy(variable) if variable.ndim > 1 else numpy.asarray(variable[...])
        made[name] = BaseType(
            name, values, dims=list(variable.dimensions), attributes=attributes(variable)
        )
    return made


def counted(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application, with the bytes it sends counted."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        path = environ["PATH_INFO"]
        if path == "/sent":
            start("200 OK", [("Content-Type", "application/json")])
            yield json.dumps(SENT).encode()
            return
        for block in application(environ, start):
            SENT["all"] += len(block)
            SENT["dods"] += len(block) * path.endswith(".dods")
            yield block

    return answer


if __name__ == "__main__":
    handler = counted(BaseHandler(dataset_of(sys.argv[1])))
    with make_server("127.0.0.1", 0, handler, handler_class=Quiet) as server:
        sys.stdout.write(f"port {server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
