"""The run lifecycle is said once: the contract's words, the server's constants and the page of the
documentation are made from it, and agree."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from osa_testing.contract import CONTRACT

from osa.server.model import machine

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "server" / "generator" / "state_machine.py"
WRITTEN: dict[str, Any] = CONTRACT["x-osa-state-machine"]
STATES: list[dict[str, Any]] = WRITTEN["states"]
TRANSITIONS: list[dict[str, Any]] = WRITTEN["transitions"]


def words(name: str) -> set[str]:
    """The values of an open enum of the contract."""
    return set(CONTRACT["components"]["schemas"][name]["anyOf"][0]["enum"])


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("state_machine", GENERATOR)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_made_from_the_contract_is_fresh() -> None:
    run = subprocess.run(
        [sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, ""), "run `nox -s generate`"


@pytest.mark.parametrize("changed", ["MODULE", "PAGE"])
def test_the_check_sees_an_edit_and_making_it_again_undoes_it(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = generator()
    for name in ("MODULE", "PAGE"):
        original: Path = getattr(made, name)
        copy = tmp_path / original.name
        copy.write_text(original.read_text(encoding="utf-8"), encoding="utf-8")
        monkeypatch.setattr(made, name, copy)
    monkeypatch.setattr(made, "ROOT", tmp_path)
    # All that is read of the contract: the rest takes seconds to parse.
    machine_alone = tmp_path / "openapi.yaml"
    machine_alone.write_text(yaml.safe_dump({"x-osa-state-machine": WRITTEN}), encoding="utf-8")
    monkeypatch.setattr(made, "CONTRACT", machine_alone)
    monkeypatch.setattr(sys, "argv", ["state_machine.py", "--check"])
    assert made.main() == 0
    edited: Path = getattr(made, changed)
    whole = edited.read_text(encoding="utf-8")
    edited.write_text(whole.replace("ask_to_stop", "ask_politely"), encoding="utf-8")
    assert made.main() == 1
    monkeypatch.setattr(sys, "argv", ["state_machine.py"])
    assert made.main() == 0
    assert edited.read_text(encoding="utf-8") == whole


def test_the_servers_constants_are_the_machine() -> None:
    assert [status.value for status in machine.Status] == [state["name"] for state in STATES]
    for mark, statuses in (("ended", machine.ENDED), ("held", machine.HELD)):
        assert statuses == {state["name"] for state in STATES if state[mark]}
    assert frozenset(machine.Status) == machine.ACTIVE | machine.ENDED
    assert [
        {
            "name": one.name,
            "from": one.source,
            "to": one.target,
            "by": set(one.by),
            "reasons": set(one.reasons),
            "event": one.event,
        }
        for one in machine.TRANSITIONS
    ] == [
        {
            **{key: one[key] for key in ("name", "from", "to", "event")},
            "by": set(one["by"]),
            "reasons": set(one["reasons"]),
        }
        for one in TRANSITIONS
    ]
    for one in machine.TRANSITIONS:
        assert getattr(machine, one.name.upper()) is one


def test_the_words_of_the_contract_are_those_of_the_machine() -> None:
    assert words("IngestionStatus") == {state["name"] for state in STATES}
    given = {reason for one in TRANSITIONS for reason in one["reasons"]}
    assert words("StatusReason") == given
    # A batch moves nothing: it stays `running`.
    assert words("EventType") == {one["event"] for one in TRANSITIONS} | {"batch_committed"}
    asked = set(CONTRACT["components"]["schemas"]["EndedStatusChoice"]["enum"])
    assert asked == {state["name"] for state in STATES if state["ended"]}
    filters = set(CONTRACT["components"]["schemas"]["IngestionStatusFilter"]["enum"])
    assert {state["name"] for state in STATES} < filters


def test_the_page_shows_every_transition_with_its_reasons() -> None:
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    arrows = set(re.findall(r"^    (\S+) --> (\S+): (\S+)$", page, re.MULTILINE))
    assert arrows == {(one["from"] or "[*]", one["to"], one["name"]) for one in TRANSITIONS}
    rows = {row[0]: row for line in page.splitlines() if (row := line.strip("| ").split(" | "))}
    for one in TRANSITIONS:
        assert set(re.findall(r"`(\w+)`", rows[one["name"]][3])) == set(one["reasons"])


def test_the_machine_is_sound() -> None:
    names = {state["name"] for state in STATES}
    ways = defaultdict(set)
    for one in TRANSITIONS:
        assert {one["from"] or one["to"], one["to"]} <= names
        ways[one["from"]].add(one["to"])
    ended = {state["name"] for state in STATES if state["ended"]}
    assert len(ended) == 3
    assert not ended & ways.keys(), "ended is ended"
    assert not any(state["held"] and state["ended"] for state in STATES)
    # Every state can be come to, and from each an end.
    reached, edge = set(), {None}
    while edge:
        reached |= edge
        edge = {to for state in edge for to in ways[state]} - reached
    assert reached - {None} == names
    for state in names - ended:
        seen, edge = set(), {state}
        while edge:
            seen |= edge
            edge = {to for one in edge for to in ways[one]} - seen
        assert seen & ended, state
    # Two transitions between the same states are told apart by who, or by why.
    for one in TRANSITIONS:
        for other in TRANSITIONS:
            if one is not other and (one["from"], one["to"]) == (other["from"], other["to"]):
                assert not set(one["reasons"]) & set(other["reasons"]), (one, other)


def test_no_statement_sets_a_status_past_the_machine() -> None:
    """Whoever writes a status says why, and both are written in one place."""
    store = ROOT / "server" / "osa" / "server" / "store"
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted(store.glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"""status_reason\s*=(?! ?row\.)|["']status_reason["']\s*:""", line)
    ]
    assert [line for line in found if not line.startswith("transitions.py")] == []
    assert len(found) == 1
