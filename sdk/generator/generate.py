"""Generate the Python SDK from the contract, or prove that the committed one is fresh.

python sdk/generator/generate.py            rewrite sdk/osa/sdk
python sdk/generator/generate.py --check    exit 1 and list what differs from a fresh generation
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTRACT = HERE.parent.parent / "openapi.yaml"
SDK = HERE.parent / "osa" / "sdk"


def generate(destination: Path) -> None:
    """Write the whole SDK to `destination`; a warning of the generator is an error.

    Raises `RuntimeError` with the generator's words when it does not succeed.
    """
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(CONTRACT)]
    command += ["--meta", "none", "--output-path", str(destination), "--overwrite"]
    command += ["--config", str(HERE / "config.yaml")]
    command += ["--custom-template-path", str(HERE / "templates"), "--fail-on-warning"]
    # The hooks call the ruff that is pinned beside this interpreter, not one from elsewhere.
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    run = subprocess.run(
        command, env={**os.environ, "PATH": tools}, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise RuntimeError(f"the generator failed:\n{run.stdout}\n{run.stderr}")
    (destination / "py.typed").touch()


def differences() -> list[str]:
    """Compare the committed SDK byte for byte with a fresh one; what differs, as sentences."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "sdk"
        generate(fresh)
        expected, found = _files(fresh), _files(SDK)
    both = sorted(expected.keys() & found.keys())
    return [
        *(f"missing: {name}" for name in sorted(expected.keys() - found.keys())),
        *(f"not generated: {name}" for name in sorted(found.keys() - expected.keys())),
        *(f"differs: {n}" for n in both if expected[n] != found[n]),
    ]


def _files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Generate the Python SDK from openapi.yaml.")
    parser.add_argument("--check", action="store_true", help="write nothing; list what is stale")
    if not parser.parse_args(arguments).check:
        generate(SDK)
        return 0
    stale = differences()
    sys.stderr.writelines(f"{line}\n" for line in stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
