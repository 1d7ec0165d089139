"""Parameters of which the output depends on some, and not on others."""

from __future__ import annotations

import hashlib
import json
from typing import ClassVar

from osa.conventions.authoring import Params


class OutputParams(Params):
    """Base of the parameters of a convention whose records are told apart by how they are made."""

    #: What changes nothing of it: which data are read, what is allowed, what comes beside.
    no_output: ClassVar[frozenset[str]] = frozenset()

    def output_digest(self) -> str:
        """16 hexadecimal digits that stand for how the output is made.

        Only choices that differ from the defaults enter, so that a new parameter of a later version
        changes no `source_id`.
        """
        chosen = self.model_dump(mode="json", exclude=set(self.no_output), exclude_defaults=True)
        text = json.dumps(chosen, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
