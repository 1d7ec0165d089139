from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.problem_code import ProblemCode
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.problem_context import ProblemContext
    from ..models.problem_detail import ProblemDetail


T = TypeVar("T", bound="Problem")


@_attrs_define
class Problem:
    """What went wrong (RFC 9457).

    Attributes:
        type_ (str): A name for the kind of problem.
        title (str): The same for every problem of its kind.
        status (int): The status of the answer.
        detail (str): What is wrong, where, and what to do.
        instance (str): The path that was asked for.
        code (ProblemCode | str): What went wrong, for programs.
        request_id (str): Finds this request in the server's log.
        retryable (bool): Whether the same request may succeed later.
        errors (list[ProblemDetail] | Unset): Everything that is wrong with the request.
        context (ProblemContext | Unset): What else belongs to it, by name.
    """

    type_: str
    title: str
    status: int
    detail: str
    instance: str
    code: ProblemCode | str
    request_id: str
    retryable: bool
    errors: list[ProblemDetail] | Unset = UNSET
    context: ProblemContext | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        instance = self.instance

        code: str
        if isinstance(self.code, ProblemCode):
            code = self.code.value
        else:
            code = self.code

        request_id = self.request_id

        retryable = self.retryable

        errors: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = []
            for errors_item_data in self.errors:
                errors_item = errors_item_data.to_dict()
                errors.append(errors_item)

        context: dict[str, Any] | Unset = UNSET
        if not isinstance(self.context, Unset):
            context = self.context.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "instance": instance,
                "code": code,
                "request_id": request_id,
                "retryable": retryable,
            }
        )
        if errors is not UNSET:
            field_dict["errors"] = errors
        if context is not UNSET:
            field_dict["context"] = context

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.problem_context import ProblemContext  # noqa: PLC0415
        from ..models.problem_detail import ProblemDetail  # noqa: PLC0415

        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        detail = d.pop("detail")

        instance = d.pop("instance")

        def _parse_code(data: object) -> ProblemCode | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_problem_code_type_0 = ProblemCode(data)

                return componentsschemas_problem_code_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ProblemCode | str, data)

        code = _parse_code(d.pop("code"))

        request_id = d.pop("request_id")

        retryable = d.pop("retryable")

        _errors = d.pop("errors", UNSET)
        errors: list[ProblemDetail] | Unset = UNSET
        if _errors is not UNSET:
            errors = []
            for errors_item_data in _errors:
                errors_item = ProblemDetail.from_dict(errors_item_data)

                errors.append(errors_item)

        _context = d.pop("context", UNSET)
        context: ProblemContext | Unset
        if isinstance(_context, Unset):
            context = UNSET
        else:
            context = ProblemContext.from_dict(_context)

        problem = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            instance=instance,
            code=code,
            request_id=request_id,
            retryable=retryable,
            errors=errors,
            context=context,
        )

        problem.additional_properties = d
        return problem

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
