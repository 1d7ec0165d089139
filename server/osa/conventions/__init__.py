"""The authoring surface of conventions. Nothing here knows the server: an author needs no web
framework and no database to write and test one."""

from osa.conventions.authoring import Context, Convention, Limits, NoParams, Params, Progress
from osa.conventions.failures import (
    ConventionError,
    MissingExtra,
    ParametersInvalid,
    SourceInvalid,
    SourceNotFound,
    SourceRefused,
    SourceUnreachable,
    Stopped,
    StorageFull,
)
from osa.conventions.items import Batch, Fault, File, Item
from osa.conventions.sources import LocalFile, Source

__all__ = [
    "Batch",
    "Context",
    "Convention",
    "ConventionError",
    "Fault",
    "File",
    "Item",
    "Limits",
    "LocalFile",
    "MissingExtra",
    "NoParams",
    "ParametersInvalid",
    "Params",
    "Progress",
    "Source",
    "SourceInvalid",
    "SourceNotFound",
    "SourceRefused",
    "SourceUnreachable",
    "Stopped",
    "StorageFull",
]
