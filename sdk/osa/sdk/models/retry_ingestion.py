from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.retry_scope_choice import RetryScopeChoice
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.retry_overrides import RetryOverrides


T = TypeVar("T", bound="RetryIngestion")


@_attrs_define
class RetryIngestion:
    """What to do again, and what to change.

    Attributes:
        scope (RetryScopeChoice): The items that were rejected or failed; what comes after the last committed batch; or
            everything.
        overrides (RetryOverrides | Unset): What differs from the ingestion that is retried; everything else is taken
            over, except its `external_id`.
    """

    scope: RetryScopeChoice
    overrides: RetryOverrides | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        scope = self.scope.value

        overrides: dict[str, Any] | Unset = UNSET
        if not isinstance(self.overrides, Unset):
            overrides = self.overrides.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "scope": scope,
            }
        )
        if overrides is not UNSET:
            field_dict["overrides"] = overrides

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.retry_overrides import RetryOverrides  # noqa: PLC0415

        d = dict(src_dict)
        scope = RetryScopeChoice(d.pop("scope"))

        _overrides = d.pop("overrides", UNSET)
        overrides: RetryOverrides | Unset
        if isinstance(_overrides, Unset):
            overrides = UNSET
        else:
            overrides = RetryOverrides.from_dict(_overrides)

        retry_ingestion = cls(
            scope=scope,
            overrides=overrides,
        )

        return retry_ingestion
