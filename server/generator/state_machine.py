"""Make the server's constants and the documentation's diagram from the run lifecycle in the
contract (`x-osa-state-machine`). `--check` changes nothing, and fails when they are not fresh."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "openapi.yaml"
MODULE = ROOT / "server" / "osa" / "server" / "model" / "machine.py"
PAGE = ROOT / "docs" / "semantics.md"
_BEGIN = "<!-- made from openapi.yaml by `nox -s generate`: the state machine -->"
_END = "<!-- end of the state machine -->"

_HEAD = '''"""The run lifecycle: states and transitions. Made from `x-osa-state-machine` in
openapi.yaml by `nox -s generate`; never edited."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where an ingestion is. Exactly three ended states, for ever."""

'''

_MIDDLE = '''
    @property
    def done(self) -> bool:
        return self in ENDED


ENDED = frozenset({{{ended}}})
#: A worker holds the ingestion in these.
HELD = frozenset({{{held}}})
ACTIVE = frozenset(Status) - ENDED


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One way from a state to another; there is no other way than these."""

    name: str
    #: None: it comes into being.
    source: Status | None
    target: Status
    #: api, worker or sweeper.
    by: frozenset[str]
    #: The `status_reason`s that it may give.
    reasons: frozenset[str]
    #: The type of its event.
    event: str

'''


def _load() -> dict[str, Any]:
    document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    machine: dict[str, Any] = document["x-osa-state-machine"]
    return machine


def _names(machine: dict[str, Any], mark: str) -> str:
    return ", ".join(f"Status.{s['name'].upper()}" for s in machine["states"] if s[mark])


def _set(values: list[str]) -> str:
    return "frozenset({" + ", ".join(f'"{value}"' for value in sorted(values)) + "})"


def module(machine: dict[str, Any]) -> str:
    """The source of the module, as ruff formats it."""
    text = _HEAD
    text += "".join(f'    {s["name"].upper()} = "{s["name"]}"\n' for s in machine["states"])
    text += _MIDDLE.format(ended=_names(machine, "ended"), held=_names(machine, "held"))
    for one in machine["transitions"]:
        source = f"Status.{one['from'].upper()}" if one["from"] else "None"
        reasons = _set(one["reasons"])
        if len(reasons) > 80:
            inner = "".join(f'            "{reason}",\n' for reason in sorted(one["reasons"]))
            reasons = "frozenset(\n        {\n" + inner + "        }\n    )"
        text += (
            f"\n#: {one['text']}\n"
            f"{one['name'].upper()} = Transition(\n"
            f'    name="{one["name"]}",\n'
            f"    source={source},\n"
            f"    target=Status.{one['to'].upper()},\n"
            f"    by={_set(one['by'])},\n"
            f"    reasons={reasons},\n"
            f'    event="{one["event"]}",\n'
            ")\n"
        )
    text += "\nTRANSITIONS = (\n"
    text += "".join(f"    {one['name'].upper()},\n" for one in machine["transitions"])
    return text + ")\n"


def diagram(machine: dict[str, Any]) -> str:
    """The same as a picture (Mermaid) and a table."""
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR"]
    for one in machine["transitions"]:
        lines.append(f"    {one['from'] or '[*]'} --> {one['to']}: {one['name']}")
    lines += [f"    {state['name']} --> [*]" for state in machine["states"] if state["ended"]]
    lines += ["```", "", "| transition | from → to | by | `status_reason` | event | when |"]
    lines.append("|---|---|---|---|---|---|")
    for one in machine["transitions"]:
        reasons = ", ".join(f"`{reason}`" for reason in one["reasons"])
        lines.append(
            f"| {one['name']} | {one['from'] or '–'} → {one['to']} | {', '.join(one['by'])} |"
            f" {reasons} | `{one['event']}` | {one['text']} |"
        )
    return "\n".join(lines)


def page(machine: dict[str, Any], text: str) -> str:
    """The page with the diagram between its two marks."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} lacks the marks around the state machine.")
    return f"{before}{begin}\n\n{diagram(machine)}\n\n{end}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    machine = _load()
    stale = []
    for path, wanted in (
        (MODULE, module(machine)),
        (PAGE, page(machine, PAGE.read_text(encoding="utf-8"))),
    ):
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.write_text(wanted, encoding="utf-8")
    if check and stale:
        sys.stderr.write(f"Not fresh: {', '.join(map(str, stale))}. Run `nox -s generate`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
