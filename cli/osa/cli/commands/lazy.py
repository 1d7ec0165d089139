"""Nouns whose verbs are imported when one of them is asked for."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

from osa.cli.commands.server import VERBS as SERVER_VERBS


class InOrder(TyperGroup):
    """The root: nouns first, then what is about the server as a whole, its own verbs last."""

    def list_commands(self, ctx: Any) -> list[str]:
        def rank(name: str) -> int:
            if isinstance(self.commands[name], TyperGroup):
                return 0
            return 2 if name in SERVER_VERBS else 1

        return sorted(self.commands, key=rank)


def add_noun(app: typer.Typer, name: str, help_text: str) -> None:
    """Hang a noun into the command line without importing its module."""

    class Noun(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            self._load()
            return super().list_commands(ctx)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            self._load()
            return super().get_command(ctx, cmd_name)

        def _load(self) -> None:
            # To build the options of some twenty commands takes longer than to show a help page.
            if not self.commands:
                module = importlib.import_module(f"osa.cli.commands.{name}")
                self.commands.update(typer.main.get_group(module.app).commands)

    group = typer.Typer(
        cls=Noun,
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    app.add_typer(group, name=name)
