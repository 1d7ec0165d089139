"""What the overridden templates are for, one promise each; see sdk/generator/templates."""

import httpx
import pytest

from osa.sdk.api.service import get_health
from osa.sdk.client import AuthenticatedClient, Client


@pytest.mark.parametrize("status", [499, 520, 999])
def test_a_status_that_python_does_not_know_is_an_answer_and_no_crash(status: int) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, text="?"))
    client = Client(base_url="http://archive.example", httpx_args={"transport": transport})
    answer = get_health.sync_detailed(client=client)
    assert (answer.status_code, answer.parsed, answer.content) == (status, None, b"?")


def test_no_repr_shows_the_token() -> None:
    client = AuthenticatedClient(
        base_url="http://archive.example",
        token="t0ken-of-mine",
        cookies={"session": "cook1e"},
        headers={"X-Key": "k3y"},
    )
    client.get_httpx_client().close()
    for secret in ("t0ken-of-mine", "cook1e", "k3y"):
        assert secret not in repr(client)


def test_no_call_waits_for_ever_unless_told_so() -> None:
    client = Client(base_url="http://archive.example")
    with client.get_httpx_client() as http:
        assert http.timeout == httpx.Timeout(60.0, connect=10.0)
