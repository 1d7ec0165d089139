"""Fuzz a real `osa serve` against its contract, with every phase and every check of schemathesis.

    python tests/contract/fuzz.py                      about two minutes, for every change
    python tests/contract/fuzz.py --max-examples 1000  some twenty thousand cases, by hand

The server runs on a data directory of its own, its streams are short, and neither it nor its
workers can reach the network. What follows `--` goes to schemathesis.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

#: Loaded by every Python below: whoever is asked for an address, only this machine is there.
_NO_NETWORK = """
import socket

_connect = socket.socket.connect


def _only_here(self, address):
    if self.family != socket.AF_UNIX and not str(address[0]).startswith(("127.", "::1")):
        raise OSError(101, "There is no network here")
    return _connect(self, address)


def _nobody(host, *args, **kwargs):
    if host in (None, "localhost", "127.0.0.1"):
        return _find(host, *args, **kwargs)
    raise socket.gaierror(-2, "There is no network here")


_find = socket.getaddrinfo
socket.socket.connect = _only_here
socket.getaddrinfo = _nobody
"""


@contextmanager
def served(folder: Path, token: str) -> Iterator[str]:
    """A server, and its address."""
    (folder / "nonet").mkdir()
    (folder / "nonet" / "sitecustomize.py").write_text(_NO_NETWORK)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "OSA_ADMIN_TOKEN": token,
        "OSA_DATA_DIR": str(folder / "data"),
        # Also the longest wait of a read (`Prefer: wait`).
        "OSA_STREAM_MAX_SECONDS": "2",
        "OSA_READS_PER_MINUTE": "0",
        "OSA_WRITES_PER_MINUTE": "0",
        "OSA_UNAUTHENTICATED_PER_MINUTE": "0",
        # The conventions of the tests: one of them is for campaigns.
        "PYTHONPATH": os.pathsep.join([str(folder / "nonet"), str(ROOT / "tests" / "plugins")]),
    }
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [BIN / "osa", "serve", "--port", str(port)], env=environ, stderr=log, stdout=log
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server)
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("osa serve did not become ready")


def summary(report: Path, log: Path) -> str:
    """Cases by phase, operations and answers that were met, transitions; what the server said."""
    phases: Counter[str] = Counter()
    met: set[tuple[str, str, int]] = set()
    transitions = 0
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            if scenario is None:
                continue
            recorder = scenario["recorder"]
            for id, case in recorder.get("cases", {}).items():
                phases[scenario["phase"]] += 1
                transitions += case["is_transition_applied"]
                response = recorder.get("interactions", {}).get(id, {}).get("response")
                if response is not None:
                    value = case["value"]
                    met.add((value["method"], value["path"], response["status_code"]))
    known = {(method, path) for method, path, status in met if status != 405}
    errors = sum('"level": "error"' in line for line in log.read_text().splitlines())
    return (
        f"{sum(phases.values())} cases {dict(phases)}, {transitions} transitions;"
        f" {len(known)} operations, {len(met)} kinds of answers;"
        f" {errors} errors in the server's log"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [options] [-- …]")
    parser.add_argument(
        "--max-examples", type=int, default=20, help="cases per operation and phase"
    )
    parser.add_argument("--seed", type=int, help="to repeat a run")
    parser.add_argument("--keep", type=Path, help="a folder to keep data, log and report in")
    parser.add_argument("more", nargs="*")
    options = parser.parse_args()
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="osa-fuzz-") as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        with served(folder, token) as address:
            seed = [] if options.seed is None else ["--seed", str(options.seed)]
            done = subprocess.run(
                [
                    BIN / "schemathesis",
                    "--config-file",
                    ROOT / "schemathesis.toml",
                    "run",
                    f"{address}/openapi.json",
                    "--max-examples",
                    str(options.max_examples),
                    "--report",
                    "ndjson",
                    "--report-ndjson-path",
                    folder / "report.ndjson",
                    *seed,
                    *options.more,
                ],
                cwd=folder,
                env={
                    **os.environ,
                    "OSA_FUZZ_TOKEN": token,
                    "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("fuzz_hooks.py")),
                },
                check=False,
            )
        print(summary(folder / "report.ndjson", folder / "server.log"))  # noqa: T201
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
