from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.database_status import DatabaseStatus
    from ..models.queue_status import QueueStatus
    from ..models.storage_status import StorageStatus
    from ..models.worker_status import WorkerStatus


T = TypeVar("T", bound="ServiceStatus")


@_attrs_define
class ServiceStatus:
    """How the service is.

    Attributes:
        version (str): The server's version.
        time (datetime.datetime): The clock of the database.
        database (DatabaseStatus): The database.
        storage (StorageStatus): The disk of the archive.
        workers (list[WorkerStatus]): The workers of which something was heard lately, the last heard of first.
        queue (QueueStatus): What is active.
    """

    version: str
    time: datetime.datetime
    database: DatabaseStatus
    storage: StorageStatus
    workers: list[WorkerStatus]
    queue: QueueStatus
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        version = self.version

        time = self.time.isoformat()

        database = self.database.to_dict()

        storage = self.storage.to_dict()

        workers = []
        for workers_item_data in self.workers:
            workers_item = workers_item_data.to_dict()
            workers.append(workers_item)

        queue = self.queue.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "version": version,
                "time": time,
                "database": database,
                "storage": storage,
                "workers": workers,
                "queue": queue,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.database_status import DatabaseStatus  # noqa: PLC0415
        from ..models.queue_status import QueueStatus  # noqa: PLC0415
        from ..models.storage_status import StorageStatus  # noqa: PLC0415
        from ..models.worker_status import WorkerStatus  # noqa: PLC0415

        d = dict(src_dict)
        version = d.pop("version")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        database = DatabaseStatus.from_dict(d.pop("database"))

        storage = StorageStatus.from_dict(d.pop("storage"))

        workers = []
        _workers = d.pop("workers")
        for workers_item_data in _workers:
            workers_item = WorkerStatus.from_dict(workers_item_data)

            workers.append(workers_item)

        queue = QueueStatus.from_dict(d.pop("queue"))

        service_status = cls(
            version=version,
            time=time,
            database=database,
            storage=storage,
            workers=workers,
            queue=queue,
        )

        service_status.additional_properties = d
        return service_status

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
