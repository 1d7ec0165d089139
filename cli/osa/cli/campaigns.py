"""Campaigns: ingestions in steps, one after the other, which the server or the caller drives."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Unpack

import httpx

from osa.cli import pacing
from osa.cli.access import Access, Identity, helper
from osa.cli.answers import Operation
from osa.cli.arguments import invalid, or_unset, path_segment, words
from osa.cli.errors import IngestionError, IngestionTimeout
from osa.cli.looking import differ, look_until_over
from osa.cli.pages import walk
from osa.cli.transport import Connection

_SUMMARIES = "/api/v1/campaign-summaries/"


@helper
def create_campaign(
    *,
    campaign_id: str,
    convention_id: str,
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    mode: str | None = None,
    start_position: int | None = None,
    campaign_total_children: int | None = None,
    public_summary: bool | None = None,
    **access: Unpack[Access],
) -> dict[str, Any]:
    """Create a campaign under an id of yours and give it.

    The same again gives the same campaign as it is now, so a lost answer never makes two; with
    anything else under that id it raises `CAMPAIGN_EXISTS`. With `mode` `manual` each step waits
    for `advance_campaign`. What is left out is the server's to choose: `server`, from position 1.
    """
    from osa.sdk.api.campaigns import create_campaign as operation
    from osa.sdk.models.create_campaign import CreateCampaign

    optional = {
        "parameters": parameters,
        "name": name,
        "mode": mode,
        "start_position": start_position,
        "campaign_total_children": campaign_total_children,
        "public_summary": public_summary,
    }
    # An id that cannot be asked for afterwards is refused before there is a campaign of that name.
    body = CreateCampaign(campaign_id=path_segment(campaign_id), convention_id=convention_id)
    kwargs = operation._get_kwargs(body=body)
    # As they were given; the server judges.
    kwargs["json"] = {"campaign_id": campaign_id, "convention_id": convention_id}
    kwargs["json"] |= {key: value for key, value in optional.items() if value is not None}
    with Connection(**access) as line:
        return line.ask(operation, kwargs)


@helper
def iter_campaigns(
    *,
    status: str | Iterable[str] | None = None,
    convention: str | None = None,
    max_items: int | None = None,
    **access: Unpack[Access],
) -> Iterator[dict[str, Any]]:
    """Yield campaigns, the newest first, at most `max_items`; `status` takes one state or several
    (or)."""
    from osa.sdk.api.campaigns import list_campaigns as operation

    filters = {"status": words(status), "convention_id": or_unset(convention)}
    with Connection(**access) as line:
        yield from walk(line, operation, **filters, max_items=max_items)


@helper
def get_campaign(*, campaign_id: str, **access: Unpack[Access]) -> dict[str, Any]:
    """Give a campaign as it is now, with its counts: all of one moment."""
    from osa.sdk.api.campaigns import get_campaign as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs(path_segment(campaign_id)))


@helper
def pause_campaign(*, campaign_id: str, **access: Unpack[Access]) -> dict[str, Any]:
    """Start no further step and give the campaign; what is active goes on."""
    from osa.sdk.api.campaigns import pause_campaign as operation

    with Connection(**access) as line:
        return line.ask(operation, operation._get_kwargs(path_segment(campaign_id)))


@helper
def resume_campaign(
    *, campaign_id: str, requeue_failed: bool = False, **access: Unpack[Access]
) -> dict[str, Any]:
    """Go on where a campaign stopped, without a gap and without a repeat, and give it.

    With `requeue_failed` children that failed or were canceled are started again, too.
    """
    from osa.sdk.api.campaigns import resume_campaign as operation
    from osa.sdk.models.resume_campaign import ResumeCampaign

    kwargs = operation._get_kwargs(path_segment(campaign_id), body=ResumeCampaign())
    kwargs["json"] = {"requeue_failed": True} if requeue_failed else {}
    with Connection(**access) as line:
        return line.ask(operation, kwargs)


@helper
def cancel_campaign(
    *,
    campaign_id: str,
    reason: str | None = None,
    grace_seconds: int | None = None,
    force: bool = False,
    **access: Unpack[Access],
) -> dict[str, Any]:
    """Start no more steps, ask for a cancel of what is active, and give the campaign.

    It is `canceled`, or `canceling` until the last of its ingestions has stopped; `grace_seconds`
    and `force` are those of `cancel_ingestion`. What has ended stays as it is.
    """
    from osa.sdk.api.campaigns import cancel_campaign as operation
    from osa.sdk.models.cancel_ingestion import CancelIngestion

    kwargs = operation._get_kwargs(path_segment(campaign_id), body=CancelIngestion())
    given = {"reason": reason, "grace_seconds": grace_seconds, "force": force or None}
    kwargs["json"] = {name: value for name, value in given.items() if value is not None}
    with Connection(**access) as line:
        return line.ask(operation, kwargs)


@helper
def wait_campaign(
    *,
    campaign_id: str,
    timeout: float | None = None,
    on_change: Callable[[dict[str, Any]], None] | None = None,
    on_outage: Callable[[IngestionError], None] | None = None,
    outage_budget: float = 300.0,
    request_timeout: float = 30.0,
    retries: int | None = None,
    **identity: Unpack[Identity],
) -> dict[str, Any]:
    """Give the campaign once nothing of it is active and nothing will be by itself.

    So it is succeeded, failed or canceled; or it is paused, or waits for `advance_campaign`, and
    the last step and its children are done. Everything else is as in `wait_ingestion`;
    `IngestionTimeout` carries the last state as `campaign`.
    """
    from osa.sdk.api.campaigns import get_campaign as operation

    with Connection(**identity, timeout=request_timeout) as line:
        awaited = _Campaign(line, operation, path_segment(campaign_id))
        look_until_over(
            awaited,
            timeout=timeout,
            on_change=on_change,
            on_outage=on_outage,
            outage_budget=outage_budget,
            request_timeout=request_timeout,
            retries=retries,
        )
    return awaited.now


class _Campaign:
    """The campaign that is waited for."""

    def __init__(self, line: Connection, operation: Operation, path: str) -> None:
        self._line, self._operation, self._path = line, operation, path
        self.now: dict[str, Any] = {}

    def look(self, timeout: float) -> list[dict[str, Any]]:
        kwargs = self._operation._get_kwargs(self._path)
        before = self.now
        self.now = self._line.ask(self._operation, kwargs, retries=0, timeout=timeout)
        return [self.now] if differ(before, self.now) else []

    @property
    def over(self) -> bool:
        if self.now["done"] is True:
            return True
        waits = self.now["status_reason"] == "waiting_for_advance"
        return (waits or self.now["status"] == "paused") and not is_active(self.now)

    def pause(self) -> float:
        return pacing.poll_pause(self.now)

    def too_long(self, timeout: float) -> IngestionTimeout:
        state = f"is {self.now['status']}" if self.now else "is not known"
        return IngestionTimeout(
            f"Campaign {self._path} {state} after {timeout:g} s of waiting; the work goes on.",
            campaign=self.now or None,
        )


def is_active(campaign: dict[str, Any]) -> bool:
    """Whether a step or a child is."""
    step = campaign.get("latest_step")
    children = campaign["children"]
    at_work = (children[state] for state in ("queued", "running", "canceling"))
    return any(at_work) or (step is not None and step["ended_at"] is None)


def get_campaign_summary(
    *,
    summary_href: str,
    server: str | None = None,
    timeout: float = 30.0,
    retries: int = 2,
    http: httpx.Client | None = None,
) -> dict[str, Any]:
    """Give the counts that everybody may see who has this link; no token is sent.

    The link may be whole, a path, or its last part alone; unless it is whole, `server` says whose
    it is. When both do, `server` is asked.
    """
    from osa.sdk.api.campaigns import get_campaign_summary as operation

    before, _, last = summary_href.strip().rpartition("/")
    if server is None:
        if not before.startswith(("http://", "https://")):
            raise invalid("This link does not say which server it is of; give the server, too.")
        server = before.removesuffix(_SUMMARIES.rstrip("/"))
    with Connection(server=server, token=None, timeout=timeout, retries=retries, http=http) as line:
        return line.ask(operation, operation._get_kwargs(path_segment(last)))
