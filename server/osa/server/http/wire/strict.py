"""How strictly a value of a caller is taken. Validators follow the constraints they belong to:
before them, the constraints would not reach the JSON Schema."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DIGITS = re.compile(r"-?[0-9]{1,16}")
_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt](?P<minute>\d\d:\d\d):(?P<second>\d\d)(?P<fraction>\.\d+)?"
    r"(?P<offset>[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)

# RFC 3986, appendix A. No repetition matches in two ways: a long URI costs no more than its length.
_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_USERINFO = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@"
_NAME = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
_LITERAL = r"\[(?:(?P<ipv6>[0-9A-Fa-f:.]+)|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]"
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://(?:{_USERINFO})?(?:{_LITERAL}|{_NAME})(?::[0-9]*)?(?:/{_PCHAR}*)*"
    rf"|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_PCHAR}+(?:/{_PCHAR}*)*|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
)


class Strict(BaseModel):
    """What a caller sends: no field more, no value of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def whole(value: Any) -> Any:
    """JSON knows one kind of number: 5.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def digits(value: Any) -> Any:
    """An integer as it stands in a query."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, int):
        return value
    raise PydanticCustomError("int_parsing", "Input should be an integer in decimal digits")


def truth(value: Any) -> Any:
    """A boolean as it stands in a query."""
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise PydanticCustomError("bool_parsing", "Input should be 'true' or 'false'")
    return value == "true"


def uuid(value: str) -> str:
    """Lower-case, as the house spells it."""
    if not _UUID.fullmatch(value):
        raise PydanticCustomError("uuid_parsing", "Input should be a UUID")
    return value.lower()


def uri(value: str) -> str:
    """An absolute URI (RFC 3986)."""
    found = _URI.fullmatch(value)
    if found is None:
        raise PydanticCustomError("uri_parsing", "Input should be an absolute URI (RFC 3986)")
    if found["ipv6"] is not None:
        try:
            ipaddress.IPv6Address(found["ipv6"])
        except ValueError:
            raise PydanticCustomError(
                "uri_parsing", "Input should be an absolute URI: its IPv6 address is none"
            ) from None
    return value


def moment(value: Any) -> datetime:
    """RFC 3339 with an offset, in UTC. What lies outside of what can be told becomes its end."""
    if isinstance(value, datetime):
        return value
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError(
            "datetime_parsing",
            "Input should be a time with an offset (RFC 3339) like 2026-11-22T09:00:00Z;"
            " in a query, write + as %2B",
        )
    leap = found["second"] == "60"
    second = "59" if leap else found["second"]
    offset = "+00:00" if found["offset"] in "Zz" else found["offset"]
    fraction = (found["fraction"] or "")[:7]
    early = found["day"].startswith("0000")
    day = found["day"].replace("0000", "0004", 1) if early else found["day"]
    try:
        told = datetime.fromisoformat(f"{day}T{found['minute']}:{second}{fraction}{offset}")
    except ValueError:
        raise PydanticCustomError(
            "datetime_parsing", "Input should be a time that exists (RFC 3339)"
        ) from None
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if early:
        return first
    try:
        return told.astimezone(UTC)
    except OverflowError:
        return first if told.year == 1 else last
