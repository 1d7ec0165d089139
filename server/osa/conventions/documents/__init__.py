"""The `documents` convention: files of any kind into the archive, by their content, with their
text."""

from osa.conventions.documents.convention import documents
from osa.conventions.documents.parameters import Chunking, DocumentParams

__all__ = ["Chunking", "DocumentParams", "documents"]
