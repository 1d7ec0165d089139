"""A pydap on loopback. Run by the interpreter of pydap's own virtual environment, and knows nothing
of osa: `python dodsc_program.py FOLDER`; prints its port.

The files of the folder are served under as many names as one likes: `/dodsC/scene-0031.nc` is one
of them, chosen by the number. `POST /control {"refuse": [31, …]}`: these are not there for a while.
"""

import json
import re
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import netCDF4
import numpy
from pydap.handlers.lib import BaseHandler
from pydap.model import BaseType, DatasetType, GridType

SCENE = re.compile(r"^/dodsC/[a-z]+-(\d+)\.nc\.(dds|das|dods)$")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


def handler(path):
    """All of a file, in memory. The handler that pydap has for files dies of scalar variables."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        found = DatasetType(path.name, {"NC_GLOBAL": attributes(file)})
        values = {name: numpy.asarray(one[...]) for name, one in file.variables.items()}
        for name, one in file.variables.items():
            own = BaseType(name, values[name], one.dimensions, attributes(one))
            if one.ndim > 1 and set(one.dimensions) <= set(file.variables):
                found[name] = GridType(name, attributes(one))
                found[name][name] = own
                for axis in one.dimensions:
                    maps = file[axis]
                    found[name][axis] = BaseType(axis, values[axis], (axis,), attributes(maps))
            else:
                found[name] = own
    return BaseHandler(found)


def attributes(holder):
    """As pydap can send them: it writes ASCII alone and escapes no quotes, and the WKT of a
    projection has both."""
    found = {name: holder.getncattr(name) for name in holder.ncattrs()}
    return {
        name: each.replace('"', '\\"').encode("ascii", "replace").decode()
        if isinstance(each, str)
        else each
        for name, each in found.items()
    }


HANDLERS = [handler(path) for path in sorted(Path(sys.argv[1]).glob("*.nc"))]
REFUSED = set()


def application(environ, start_response):
    if environ["PATH_INFO"] == "/control":
        size = int(environ.get("CONTENT_LENGTH") or 0)
        order = json.loads(environ["wsgi.input"].read(size))
        REFUSED.clear()
        REFUSED.update(order["refuse"])
        start_response("204 No Content", [])
        return [b""]
    asked = SCENE.match(environ["PATH_INFO"])
    number = int(asked.group(1)) if asked else None
    if number is None or number in REFUSED:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    return HANDLERS[number % len(HANDLERS)](environ, start_response)


with make_server("127.0.0.1", 0, application, Server, Quiet) as httpd:
    sys.stdout.write(f"port {httpd.server_port}\n")
    sys.stdout.flush()
    httpd.serve_forever()
