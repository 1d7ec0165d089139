"""What the service says of itself."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict


class Health(TypedDict):
    status: Literal["ok"]


class Readiness(TypedDict):
    status: Literal["ready"]
    version: Annotated[str, Field(max_length=64)]
    workers_alive: Annotated[int, Field(ge=0, le=1000000)]


OpenapiDocument = TypeAliasType("OpenapiDocument", Annotated[dict[str, Any], Field(max_length=64)])
