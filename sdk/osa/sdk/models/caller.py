from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.token_scope_type_0 import TokenScopeType0

T = TypeVar("T", bound="Caller")


@_attrs_define
class Caller:
    """Who asks, and whom.

    Attributes:
        token_name (str): What the token is called.
        tenant (str): The tenant that the token acts for in this request.
        home_tenant (str): The tenant that the token belongs to.
        scopes (list[str | TokenScopeType0]): What it may do.
        expires_at (datetime.datetime | None): Until when it is valid; null means for ever.
        server_version (str): The version of the server.
        server_time (datetime.datetime): The clock of its database.
        domain (str): The name of the archive in SRNs.
    """

    token_name: str
    tenant: str
    home_tenant: str
    scopes: list[str | TokenScopeType0]
    expires_at: datetime.datetime | None
    server_version: str
    server_time: datetime.datetime
    domain: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        token_name = self.token_name

        tenant = self.tenant

        home_tenant = self.home_tenant

        scopes = []
        for scopes_item_data in self.scopes:
            scopes_item: str
            if isinstance(scopes_item_data, TokenScopeType0):
                scopes_item = scopes_item_data.value
            else:
                scopes_item = scopes_item_data
            scopes.append(scopes_item)

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        server_version = self.server_version

        server_time = self.server_time.isoformat()

        domain = self.domain

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "token_name": token_name,
                "tenant": tenant,
                "home_tenant": home_tenant,
                "scopes": scopes,
                "expires_at": expires_at,
                "server_version": server_version,
                "server_time": server_time,
                "domain": domain,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        token_name = d.pop("token_name")

        tenant = d.pop("tenant")

        home_tenant = d.pop("home_tenant")

        scopes = []
        _scopes = d.pop("scopes")
        for scopes_item_data in _scopes:

            def _parse_scopes_item(data: object) -> str | TokenScopeType0:
                try:
                    if not isinstance(data, str):
                        raise TypeError()
                    componentsschemas_token_scope_type_0 = TokenScopeType0(data)

                    return componentsschemas_token_scope_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                return cast(str | TokenScopeType0, data)

            scopes_item = _parse_scopes_item(scopes_item_data)

            scopes.append(scopes_item)

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        server_version = d.pop("server_version")

        server_time = datetime.datetime.fromisoformat(d.pop("server_time"))

        domain = d.pop("domain")

        caller = cls(
            token_name=token_name,
            tenant=tenant,
            home_tenant=home_tenant,
            scopes=scopes,
            expires_at=expires_at,
            server_version=server_version,
            server_time=server_time,
            domain=domain,
        )

        caller.additional_properties = d
        return caller

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
