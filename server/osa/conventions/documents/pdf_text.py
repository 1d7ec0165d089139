"""The text of one PDF, in a process of its own with limits: PDF parsers crash, and worse.

Run by its path, in isolated mode: it needs the PDF library and nothing of this package, so it
starts in a tenth of a second, and it is given no environment to read secrets from.

    python -I pdf_text.py DOCUMENT TEXT RESULT MAX_CHARS CPU_SECONDS

Writes the text (UTF-8, pages end in a form feed) to TEXT, and to RESULT a JSON object {status,
chars, pages, truncated, note}.
"""

from __future__ import annotations

import json
import resource
import sys
from itertools import islice
from pathlib import Path
from typing import Any

#: Bytes of address space; a legitimate document of a gigabyte is read from disk, not into memory.
MAX_MEMORY = 2 * 1024**3
#: A page with fewer characters, and more drawings than text, is a picture with a caption.
_FEW_CHARS = 32
_OBJECTS_LOOKED_AT = 2000


def limit(*, cpu_seconds: int, file_bytes: int) -> None:
    """Give up the right to more memory, time and disk, before anything of the document is read."""
    limits = {
        resource.RLIMIT_AS: MAX_MEMORY,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for name, wanted in limits.items():
        hard = resource.getrlimit(name)[1]
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(name, (allowed, allowed))


def extract(document: Path, text: Path, *, max_chars: int) -> dict[str, Any]:
    """Write the text of the document and describe it. Raises what the PDF library raises."""
    import pypdfium2

    chars = 0
    written = False
    truncated = False
    pdf = pypdfium2.PdfDocument(document)
    pages = len(pdf)
    with text.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
        for number in range(pages):
            page = pdf[number]
            layer = page.get_textpage()
            found = layer.get_text_bounded().replace("\r\n", "\n").replace("\0", "").rstrip()
            few = len("".join(found.split())) < _FEW_CHARS
            if found.strip() and not (few and _is_drawing(page)):
                written = True
            piece = found + "\f"
            if chars + len(piece) > max_chars:
                truncated = True
                piece = piece[: max_chars - chars]
            stream.write(piece)
            chars += len(piece)
            layer.close()
            page.close()
            if truncated:
                break
    return {
        "status": "ok" if written else "empty",
        "chars": chars,
        "pages": pages,
        "truncated": truncated,
    }


def _is_drawing(page: Any) -> bool:
    kinds = [thing.type for thing in islice(page.get_objects(max_depth=3), _OBJECTS_LOOKED_AT)]
    texts = kinds.count(1)
    return len(kinds) - texts > texts


def main(arguments: list[str]) -> int:
    """Work off one document; what goes wrong with it is a result, not an exit code."""
    document, text, result = map(Path, arguments[:3])
    max_chars, cpu_seconds = map(int, arguments[3:])
    limit(cpu_seconds=cpu_seconds, file_bytes=4 * max_chars + 65_536)
    try:
        answer = extract(document, text, max_chars=max_chars)
    except MemoryError:
        answer = {"status": "failed", "note": "The document needs too much memory."}
    except Exception as exc:  # noqa: BLE001 - whatever a broken document does to its parser
        answer = {"status": "failed", "note": f"The PDF could not be read: {str(exc)[:300]}"}
    result.write_text(json.dumps(answer), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
