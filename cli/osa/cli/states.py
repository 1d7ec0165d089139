"""How ingestions are now: one of them, or many at once."""

from collections.abc import Iterable, Sequence
from typing import Any, Unpack
from uuid import UUID

from osa.cli import arguments
from osa.cli.access import Access, helper
from osa.cli.errors import IngestionError
from osa.cli.pages import items_of
from osa.cli.transport import Connection
from osa.sdk.api.ingestions import get_ingestion as one
from osa.sdk.api.ingestions import list_ingestions as many
from osa.sdk.types import UNSET

# What the contract allows in one request.
MOST_AT_ONCE = 100


@helper
def get_ingestion(
    *, ingestion_id: str | UUID, wait_seconds: int | None = None, **access: Unpack[Access]
) -> dict[str, Any]:
    """Give the ingestion as it is now.

    With `wait_seconds` the server keeps the answer until the ingestion is done, for so many seconds
    (60 at most). `wait_ingestion` waits for as long as it takes.
    """
    prefer = UNSET if wait_seconds is None else f"wait={wait_seconds}"
    kwargs = one._get_kwargs(arguments.plain_id(ingestion_id, "ing"), prefer=prefer)
    with Connection(**access) as line:
        longer = None if line.timeout is None else line.timeout + (wait_seconds or 0)
        return line.ask(one, kwargs, timeout=longer)


@helper
def get_ingestions(
    *, ingestion_ids: Iterable[str | UUID], **access: Unpack[Access]
) -> list[dict[str, Any]]:
    """Give these ingestions as they are now, in the order of their ids, a hundred with one request.

    One that is not there raises `INGESTION_NOT_FOUND`.
    """
    paths = arguments.ids(ingestion_ids, "ing")
    with Connection(**access) as line:
        return Roll(line, together=len(paths) > 1).call(paths)


class Roll:
    """Looks at many ingestions with few requests, or one by one."""

    def __init__(self, line: Connection, *, together: bool, retries: int | None = None) -> None:
        self._line = line
        self._together = together
        self._retries = retries

    def call(self, paths: Sequence[Any], *, timeout: float | None = None) -> list[dict[str, Any]]:
        """Give them in this order.

        What a list leaves out is asked for by itself: the server says what became of it.
        """
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(paths), MOST_AT_ONCE):
            found |= self._listed(paths[start : start + MOST_AT_ONCE], timeout)
        return [found.get(_key(path)) or self._alone(path, timeout) for path in paths]

    def _listed(self, paths: Sequence[Any], timeout: float | None) -> dict[str, dict[str, Any]]:
        if not self._together:
            return {}
        kwargs = many._get_kwargs(id=[*dict.fromkeys(paths)], per_page=MOST_AT_ONCE)
        try:
            page = self._line.ask(many, kwargs, retries=self._retries, timeout=timeout)
        except IngestionError as error:
            if error.status != 400:
                raise
            # Something among them is no id, or the server is older than this way to ask.
            self._together = False
            return {}
        return {_key(item["id"]): item for item in items_of(page)}

    def _alone(self, path: Any, timeout: float | None) -> dict[str, Any]:
        kwargs = one._get_kwargs(path)
        return self._line.ask(one, kwargs, retries=self._retries, timeout=timeout)


def _key(path: Any) -> str:
    """The same for every spelling of an id."""
    try:
        return str(UUID(path))
    except ValueError:
        return str(path)
