"""Catalogues that speak CSW 2.0.2 (OGC 07-006r1) and hold ISO 19139 metadata.

Needs the extra `catalogue`: import its modules, but for `fields`, inside of `ingest` only. What a
catalogue answers is a stranger's: it is read by the guarded web client, without DTD and entities,
up to a number of bytes and of tags; what it says of its own counts and positions is not trusted.
"""
