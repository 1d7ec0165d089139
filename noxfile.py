"""What a contributor runs: `nox -s <session>`; `nox --list` names them."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True


@nox.session
def generate(session: nox.Session) -> None:
    """Rewrite sdk/osa/sdk from openapi.yaml."""
    session.install("-e", ".[dev]")
    session.run("python", "sdk/generator/generate.py")


@nox.session
def fresh(session: nox.Session) -> None:
    """Prove that sdk/osa/sdk is byte for byte what openapi.yaml generates."""
    session.install("-e", ".[dev]")
    session.run("python", "sdk/generator/generate.py", "--check")
