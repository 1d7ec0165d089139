"""One command's view of the server: where it is, who asks, and how the answer is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from osa.cli.output import Format, JsonObject, dump, write
from osa.cli.problems import BadUsage, CommandFailed, ExitCode

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")
_SRN = re.compile(r"urn:osa:[A-Za-z0-9.-]+:(\w+):(\S+)")
_CAMPAIGN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOW_TO_FIND = {
    "campaign": "`osa campaign list` shows the ids.",
    "ingestion": "`osa ingestion list` shows the ids; @last is the newest one that you started.",
    "record": "`osa record list` shows the ids.",
}
_A = {"ingestion": "an ingestion", "record": "a record", "convention": "a convention"}
_SRN_KINDS = {"ing": "ingestion", "conv": "convention", "rec": "record"}
#: How far back `@last` looks when nothing is remembered.
_LOOK_BACK = 1000


class Access(TypedDict):
    """What every helper wants."""

    server: str
    token: str
    #: Only there when one was named.
    tenant: NotRequired[str]


@dataclass(frozen=True, kw_only=True)
class Session:
    """Made once for each command."""

    access: Access
    token_name: str | None
    format: Format
    quiet: bool

    @property
    def for_people(self) -> bool:
        """Whether the answer is a table."""
        return self.format is Format.table and not self.quiet

    def write_object(self, value: JsonObject) -> None:
        """One object of the server as JSON; for `json` and `jsonl`."""
        write(dump(value, indent=2 if self.format is Format.json else None))

    def write_objects(self, values: Iterable[JsonObject]) -> None:
        """Many of them: one array, or one line each as they come."""
        if self.format is Format.jsonl:
            for value in values:
                write(dump(value))
        else:
            write(dump(list(values), indent=2))

    def write_ids(self, values: Iterable[JsonObject], key: str = "id") -> None:
        """What `-q` shows."""
        for value in values:
            if value.get(key) is not None:
                write(str(value[key]))

    def resolve_ingestion(self, text: str | None) -> str:
        """The id or SRN that the user means."""
        if text == "@last":
            return self._last()
        return check_id(text, "ingestion")

    def resolve_ingestions(self, texts: Iterable[str] | None) -> list[str]:
        """The ids or SRNs that the user means, each once; one at least."""
        found: dict[str, str] = {}
        for text in texts or (None,):
            identity = self.resolve_ingestion(text)
            # An id and its SRN are the same one.
            found.setdefault(identity.rpartition(":")[2], identity)
        return list(found.values())

    def _last(self) -> str:
        from osa.cli import last

        remembered, name = last.recall(**self.access)
        if remembered is not None:
            return remembered
        name = name or self.token_name or self._ask_name()
        if name is not None:
            from osa.cli.ingestion import iter_ingestions

            for ingestion in iter_ingestions(**self.access, max_items=_LOOK_BACK):
                if ingestion.get("created_by") == name:
                    return str(ingestion["id"])
        raise CommandFailed(
            "There is no @last: nothing is known to have been started with this token.",
            next_step="`osa ingestion list` shows the ids.",
            code=ExitCode.NOT_FOUND,
        )

    def _ask_name(self) -> str | None:
        """What the server calls the token."""
        from osa.cli.ingestion import IngestionError, get_caller

        try:
            return str(get_caller(**self.access)["token_name"])
        except IngestionError as exc:
            if exc.status not in (403, 404):
                raise
            # A token that may not read, or a server from before there was this question.
            return None


def open_session(
    server: str | None,
    token: str | None,
    tenant: str | None,
    output: Format = Format.table,
    quiet: bool = False,
) -> Session:
    """Find server, token and tenant; raises before anything is sent."""
    # Not needed for `--help`, which must be quick.
    from osa.cli.config import choose_server, choose_tenant, choose_token

    choice = choose_server(server)
    found = choose_token(choice.server, token)
    access: Access = {"server": choice.server, "token": found.value}
    if (acting_for := choose_tenant(tenant)) is not None:
        access["tenant"] = acting_for.name
    return Session(access=access, token_name=found.name, format=output, quiet=quiet)


def check_id(text: str | None, kind: str) -> str:
    """An id or SRN of this kind, in the server's spelling; raises BadUsage for anything else."""
    if not text:
        raise BadUsage(f"Which {kind}?", next_step=_HOW_TO_FIND[kind])
    if match := _SRN.fullmatch(text):
        is_a = _SRN_KINDS.get(match[1])
        if is_a != kind:
            named = _A[is_a] if is_a else "something else"
            raise BadUsage(
                f"{text} names {named}, and {_A[kind]} is wanted.", next_step=_HOW_TO_FIND[kind]
            )
        return text
    lowered = text.strip().lower()
    if not _UUID.fullmatch(lowered):
        raise BadUsage(f"{text!r} is not the id of {_A[kind]}.", next_step=_HOW_TO_FIND[kind])
    digits = lowered.replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def check_campaign(text: str | None) -> str:
    """An id that a campaign may have; raises BadUsage for anything else."""
    if not text:
        raise BadUsage("Which campaign?", next_step=_HOW_TO_FIND["campaign"])
    if not _CAMPAIGN.fullmatch(text) or text in (".", ".."):
        raise BadUsage(
            f"{text!r} is not the id of a campaign: 1 to 64 letters, digits, dots, underscores "
            "and hyphens.",
            next_step=_HOW_TO_FIND["campaign"],
        )
    return text
