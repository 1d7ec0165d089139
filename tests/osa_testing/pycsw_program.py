"""A pycsw on loopback, told what to do at `/control`. Run by the interpreter of pycsw's own virtual
environment, and knows nothing of osa: `python pycsw_program.py FOLDER`; prints its port."""

import configparser
import contextlib
import json
import sqlite3
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from lxml import etree
from pycsw import server
from pycsw.core import admin, config, metadata, repository, util

FOLDER = Path(sys.argv[1])
DATABASE = f"sqlite:///{FOLDER}/records.db"
CONTEXT = config.StaticContext()
SETTINGS = {
    "server": {
        "home": str(FOLDER),
        # What it advertises is wrong, as behind a proxy.
        "url": "http://192.0.2.1/elsewhere",
        "encoding": "UTF-8",
        "language": "en-US",
        "maxrecords": "1000",
        "pretty_print": "false",
        "profiles": "apiso",
    },
    "manager": {"transactions": "false"},
    "metadata:main": {"identification_title": "test", "contact_email": "test@example.org"},
    "metadata:inspire": {"enabled": "false"},
    "repository": {"database": DATABASE, "table": "records"},
}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def control(order):
    if "maxrecords" in order:
        SETTINGS["server"]["maxrecords"] = str(order["maxrecords"])
    repo = repository.Repository(DATABASE, CONTEXT, table="records")
    for xml in order.get("put", ()):
        for record in metadata.parse_record(CONTEXT, etree.fromstring(xml.encode()), repo):
            change("DELETE FROM records WHERE identifier = ?", record.identifier)
            repo.insert(record, "local", util.get_today_and_now())
    for identifier in order.get("delete", ()):
        change("DELETE FROM records WHERE identifier = ?", identifier)
    for identifier, xml in order.get("spoil", {}).items():
        # What pycsw would refuse to take, and others have in their databases.
        change("UPDATE records SET xml = ? WHERE identifier = ?", xml, identifier)
    if order.get("clear"):
        change("DELETE FROM records")


def change(statement, *values):
    with contextlib.closing(sqlite3.connect(FOLDER / "records.db")) as connection, connection:
        connection.execute(statement, values)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/control":
        size = int(environ.get("CONTENT_LENGTH") or 0)
        control(json.loads(environ["wsgi.input"].read(size)))
        start_response("204 No Content", [])
        return [b""]
    settings = configparser.ConfigParser(interpolation=None)
    settings.read_dict(SETTINGS)
    csw = server.Csw(settings, environ)
    status, content = csw.dispatch_wsgi()
    kind = csw.contenttype
    kind = kind.decode() if isinstance(kind, bytes) else kind
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
    return [content]


admin.setup_db(DATABASE, "records", str(FOLDER))
with make_server("127.0.0.1", 0, application, handler_class=Quiet) as httpd:
    sys.stdout.write(f"port {httpd.server_port}\n")
    sys.stdout.flush()
    httpd.serve_forever()
