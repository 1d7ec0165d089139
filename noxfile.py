"""What a contributor runs: `nox -s <session>`; arguments after `--` are passed on."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "imports", "fresh", "contract", "docs", "tests"]


def _install(session: nox.Session) -> None:
    session.install("-e", ".[dev]")


@nox.session
def generate(session: nox.Session) -> None:
    """Rewrite what is made from openapi.yaml: the SDK, and the state machine in server and docs."""
    _install(session)
    session.run("python", "sdk/generator/generate.py")
    session.run("python", "server/generator/state_machine.py")


@nox.session
def fresh(session: nox.Session) -> None:
    """Prove that what is made from openapi.yaml is byte for byte what it generates."""
    _install(session)
    session.run("python", "sdk/generator/generate.py", "--check")
    session.run("python", "server/generator/state_machine.py", "--check")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests."""
    _install(session)
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Rules and format of the code."""
    _install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types of server and cli, strictly."""
    _install(session)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The arrows of ARCHITECTURE.md."""
    _install(session)
    session.run("lint-imports")


@nox.session
def contract(session: nox.Session) -> None:
    """The contract: valid, in style, its examples true; redocly agrees where it is installed."""
    _install(session)
    session.run("pytest", "tests/contract", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """schemathesis against a server of its own; `-- --max-examples 1000` for a long run."""
    _install(session)
    session.run("python", "tests/contract/fuzz.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Links resolve, snippets run, settings are documented."""
    _install(session)
    session.run("pytest", "tests/docs", "tests/server/test_settings_are_documented.py")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """A table of ratios from one run; `-- --rounds 1 --rows 5000 --file-mb 64` for a short one."""
    _install(session)
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session
def races(session: nox.Session) -> None:
    """Cancels, pages, keys and broken streams in full size; `-- --database postgresql`."""
    _install(session)
    session.run("python", "tests/acceptance/races.py", *session.posargs)


@nox.session
def simulation(session: nox.Session) -> None:
    """Service and store under seeds; `-- --seeds 100000`, or `-- --seed 7 --trace` for one."""
    _install(session)
    session.run("python", "tests/simulation/run.py", *(session.posargs or ["--seconds", "120"]))
