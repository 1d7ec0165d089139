"""A small load generator: keep-alive connections that ask again as soon as they are answered.

A process of its own, so that it takes nothing from the server's. Reads a JSON object from standard
input: `{url, method, path, headers, body, connections, requests, vary}` (`vary`: give each request
an Idempotency-Key of its own), and prints the seconds each answer took, and all of them, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from typing import Any
from urllib.parse import urlsplit


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, float]:
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length:
        await reader.readexactly(length)
    return int(head.split(b" ", 2)[1]), time.perf_counter() - began


def _written(plan: dict[str, Any], host: str) -> bytes:
    body = plan.get("body")
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"Host": host, **plan.get("headers", {})}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    if plan.get("vary"):
        headers["Idempotency-Key"] = str(uuid.uuid4())
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{plan['method']} {plan['path']} HTTP/1.1\r\n{lines}\r\n".encode() + content


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Send what the plan says; the latencies of all, the time it took, and the statuses."""
    where = urlsplit(plan["url"])
    left = iter(range(plan["requests"]))
    latencies: list[float] = []
    statuses: set[int] = set()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        # The first answer pays for the connection.
        warm = {"method": "GET", "path": "/healthz", "headers": {}}
        await _one(reader, writer, _written(warm, where.netloc))
        for _ in left:
            status, seconds = await _one(reader, writer, _written(plan, where.netloc))
            statuses.add(status)
            latencies.append(seconds)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(plan["connections"])))
    took = time.perf_counter() - began
    return {"latencies": latencies, "seconds": took, "statuses": sorted(statuses)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
