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
from osa.conventions.held import Archive, ArchiveInMemory, Held
from osa.conventions.items import Batch, Fault, File, Item
from osa.conventions.sources import LocalFile, Source

__all__ = [
    "Archive",
    "ArchiveInMemory",
    "Batch",
    "Context",
    "Convention",
    "ConventionError",
    "Fault",
    "File",
    "Held",
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
