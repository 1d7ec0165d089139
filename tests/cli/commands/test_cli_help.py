"""What `osa` says before it does anything, and how quickly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from osa.cli.version import __version__

#: Each takes longer to import than the whole help page may take.
HEAVY = ("httpx", "rich", "pydantic", "jsonschema", "yaml", "attr", "asyncio", "ssl", "osa.sdk")
VERBS = {
    "ingestion": (
        *("start", "list", "status", "cancel", "wait", "watch", "retry", "explain", "items"),
        *("events", "logs", "artifacts", "download", "delete", "cleanup"),
    ),
    "campaign": ("start", "list", "status", "watch", "advance", "pause", "resume", "cancel"),
    "record": ("list", "show", "download"),
    "convention": ("list", "show"),
}


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["ingestion", "list", "--help"],
        ["ingestion", "start", "-h"],
        ["ingestion", "retry", "-h"],
        ["ingestion", "cleanup", "-h"],
        ["campaign", "start", "-h"],
        ["campaign", "watch", "-h"],
        ["doctor", "-h"],
        ["audit", "-h"],
    ],
)
def test_help_imports_nothing_heavy(words, osa):
    program = (
        "import sys; from osa.cli.main import main; main(sys.argv[1:]);"
        " print('loaded:', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        env=osa.environment,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.rpartition("loaded:")[2].split())
    assert "typer" in loaded
    assert not loaded & set(HEAVY)
    assert not [name for name in loaded if name.startswith(("osa.server", "osa.conventions"))]


def test_the_help_of_osa_imports_no_noun(osa):
    program = "import sys; from osa.cli.main import main; main(['-h']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=osa.environment,
        timeout=60,
        check=True,
    )
    assert "osa.cli.commands.ingestion" not in done.stdout.split()


def test_the_help_names_every_noun_and_the_verbs_of_the_server(osa):
    out = osa("--help").out
    of_the_server = ("serve", "worker", "migrate", "token")
    for word in (*VERBS, "login", "logout", "doctor", "audit", *of_the_server):
        assert f"  {word} " in out


@pytest.mark.parametrize("noun", VERBS)
def test_each_noun_lists_its_verbs_and_no_others(noun, osa):
    out = osa(noun, "--help").out
    listed = out.partition("Commands:")[2].split("\n")
    assert tuple(line.split()[0] for line in listed if line.strip()) == VERBS[noun]


@pytest.mark.parametrize("noun,verb", [(n, v) for n, verbs in VERBS.items() for v in verbs])
def test_each_verb_explains_itself_with_an_example(noun, verb, osa):
    outcome = osa(noun, verb, "--help")
    assert outcome.code == 0
    assert "Examples:" in outcome.out
    assert f"osa {noun} {verb}" in outcome.out.partition("Examples:")[2]


@pytest.mark.parametrize("verb", ["login", "doctor", "audit"])
def test_each_verb_without_a_noun_explains_itself_too(verb, osa):
    outcome = osa(verb, "--help")
    assert outcome.code == 0
    assert f"osa {verb}" in outcome.out.partition("Examples:")[2]


def test_the_help_shows_the_table_of_exit_codes(osa):
    from osa.cli.problems import ExitCode

    shown = osa("--help").out.partition("Exit codes:")[2]
    for code in ExitCode:
        assert f"{code:>3}  {code.meaning}\n" in shown


def test_every_verb_that_asks_the_server_can_be_told_for_which_tenant(osa):
    for noun, verbs in VERBS.items():
        for verb in verbs:
            assert "--tenant" in osa(noun, verb, "--help").out
    for verb in ("doctor", "audit"):
        assert "--tenant" in osa(verb, "--help").out


def test_every_option_is_called_after_what_it_sets():
    import importlib

    import typer

    for noun in VERBS:
        app = importlib.import_module(f"osa.cli.commands.{noun}").app
        for command in typer.main.get_group(app).commands.values():
            for parameter in command.params:
                flags = [flag for flag in parameter.opts if flag.startswith("--")]
                if flags and parameter.name != "directory":
                    assert f"--{parameter.name.replace('_', '-')}" in flags


def test_version_is_that_of_the_distribution(osa):
    assert osa("--version").out == f"osa {__version__}\n"


def test_without_a_verb_the_help_is_shown_and_it_is_a_usage_error(osa):
    outcome = osa("ingestion")
    assert outcome.code == 2
    assert "Commands:" in outcome.err
    assert outcome.out == ""


def test_a_misspelt_verb_is_a_usage_error_with_a_hint(osa):
    outcome = osa("ingestion", "lst")
    assert outcome.code == 2
    assert "Did you mean 'list'" in outcome.err


def test_an_unknown_option_is_a_usage_error(osa):
    assert osa("ingestion", "list", "--colour").code == 2


def test_completion_knows_verbs_and_states(osa):
    environment = {"_OSA_COMPLETE": "complete_bash", "COMP_WORDS": "osa ingestion st"}
    outcome = osa.process(COMP_CWORD="2", **environment)
    assert outcome.out.split() == ["start", "status"]
    words = "osa ingestion list --status fa"
    outcome = osa.process(_OSA_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD="4")
    assert outcome.out.split() == ["failed"]
    for words, offered in (
        ("osa campaign pa", "pause"),
        ("osa campaign list --status ca", "canceling canceled"),
        ("osa campaign start x y --mode m", "manual"),
    ):
        position = str(len(words.split()) - 1)
        outcome = osa.process(_OSA_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position)
        assert outcome.out.split() == offered.split()


def test_without_the_servers_extra_its_verbs_say_what_to_install(osa, monkeypatch):
    monkeypatch.setitem(sys.modules, "osa.server.commands", None)
    outcome = osa("serve", "--port", "8001")
    assert outcome.code == 1
    assert "pip install 'osa-ingestion[server]'" in outcome.err


def test_the_verbs_of_the_server_get_their_arguments_untouched(osa, monkeypatch):
    import types

    seen = []
    module = types.ModuleType("osa.server.commands")
    module.token = lambda argv: seen.append(argv) or 3
    monkeypatch.setitem(sys.modules, "osa.server.commands", module)
    outcome = osa("token", "create", "--name", "x", "--help", "-o", "json")
    assert outcome.code == 3
    assert seen == [["create", "--name", "x", "--help", "-o", "json"]]
