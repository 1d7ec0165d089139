from enum import StrEnum


class DiagnosisCodeType0(StrEnum):
    BACKING_OFF = "backing_off"
    CANCELED = "canceled"
    CANCELING = "canceling"
    FAILED = "failed"
    NO_WORKERS = "no_workers"
    RETRIED = "retried"
    STALLED = "stalled"
    SUCCEEDED = "succeeded"
    SUCCEEDED_WITH_FAILURES = "succeeded_with_failures"
    WAITING_FOR_CONCURRENCY_KEY = "waiting_for_concurrency_key"
    WAITING_FOR_CONVENTION = "waiting_for_convention"
    WAITING_FOR_CONVENTION_LIMIT = "waiting_for_convention_limit"
    WAITING_FOR_TENANT_LIMIT = "waiting_for_tenant_limit"
    WAITING_FOR_WORKER = "waiting_for_worker"
    WORKER_SILENT = "worker_silent"
    WORKING = "working"

    def __str__(self) -> str:
        return str(self.value)
