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
from osa.conventions.held import Archive, ArchiveInMemory, Held, HeldCampaign
from osa.conventions.items import Batch, Fault, File, Item
from osa.conventions.sources import LocalFile, Source
from osa.conventions.steps import Reached, Start, Step

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
    "HeldCampaign",
    "Item",
    "Limits",
    "LocalFile",
    "MissingExtra",
    "NoParams",
    "ParametersInvalid",
    "Params",
    "Progress",
    "Reached",
    "Source",
    "SourceInvalid",
    "SourceNotFound",
    "SourceRefused",
    "SourceUnreachable",
    "Start",
    "Step",
    "Stopped",
    "StorageFull",
]
