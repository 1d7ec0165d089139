"""`osa ingestion`: the run lifecycle."""

from __future__ import annotations

from typing import Unpack

from osa.cli.commands import (
    canceling,
    clearing,
    explaining,
    finding,
    options,
    results,
    retrying,
    showing,
    starting,
    waiting,
)
from osa.cli.commands.options import examples
from osa.cli.session import open_session

app = options.noun()

app.command(
    "start",
    epilog=examples(
        "osa ingestion start documents notes.txt report.pdf --wait",
        "osa ingestion start nc-to-geotiff sst.nc --param variable=sst --watch",
        "osa ingestion start documents https://archive.example/a.pdf --label shelf=A",
        "osa ingestion start documents a.pdf --deadline 2h --max-failed-items any",
    ),
)(starting.start)
app.command(
    "list",
    epilog=examples(
        "osa ingestion list --status active",
        "osa ingestion list --unresolved --ended-after 1d",
        "osa ingestion list --status failed --created-after 2d -q",
        "osa ingestion list --campaign aviris-2026 --status failed",
        "osa ingestion list --label project=demo -o jsonl",
    ),
)(finding.list_)


@app.command(
    epilog=examples(
        "osa ingestion status @last",
        "osa ingestion status @last -o json",
        "osa ingestion list --status failed -q | xargs osa ingestion status",
    ),
)
@options.asking()
def status(
    ingestion: options.Ingestions = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Show an ingestion: how far it is, why it failed, what to do.

    Several are shown in a line each (an array with -o json). The exit code is 0 whatever the
    status; `wait` tells it by exit code.
    """
    session = open_session(**asked)
    identities = session.resolve_ingestions(ingestion)

    from osa.cli.ingestion import get_ingestion, get_ingestions

    if len(identities) == 1:
        showing.show(session, get_ingestion(**session.access, ingestion_id=identities[0]))
    else:
        found = get_ingestions(**session.access, ingestion_ids=identities)
        showing.show_all(session, found)


app.command(
    "cancel",
    epilog=examples(
        "osa ingestion cancel @last --reason 'wrong variable'",
        "osa ingestion cancel @last --grace 0 --wait",
        "osa ingestion cancel @last --force",
        "osa ingestion list --status active -q | xargs osa ingestion cancel",
    ),
)(canceling.cancel)
app.command(
    "wait",
    epilog=examples(
        "osa ingestion wait @last --timeout 2h && echo it succeeded",
        "osa ingestion list --status active -q | xargs osa ingestion wait",
    ),
)(waiting.wait)
app.command("watch", epilog=examples("osa ingestion watch @last"))(waiting.watch)
app.command(
    "retry",
    epilog=examples(
        "osa ingestion retry @last --wait",
        "osa ingestion retry @last --scope all --param variable=ice_conc --batch-size 100",
    ),
)(retrying.retry)
app.command(
    "explain", epilog=examples("osa ingestion explain @last", "osa ingestion explain @last -q")
)(explaining.explain)
app.command(
    "items", epilog=examples("osa ingestion items @last --outcome failed --outcome rejected")
)(results.items)
app.command(
    "events",
    epilog=examples("osa ingestion events @last --follow", "osa ingestion events @last -o jsonl"),
)(waiting.events)
app.command(
    "logs",
    epilog=examples(
        "osa ingestion logs @last --follow", "osa ingestion logs @last --level warning --since 10m"
    ),
)(explaining.logs)
app.command("artifacts", epilog=examples("osa ingestion artifacts @last"))(results.artifacts)
app.command(
    "download",
    epilog=examples(
        "osa ingestion download @last --dir out",
        "osa ingestion download @last --name sst_20260101T000000Z.tif",
    ),
)(results.download)
app.command(
    "delete",
    epilog=examples(
        "osa ingestion delete @last",
        "osa ingestion list --label test -q | xargs osa ingestion delete --yes",
    ),
)(clearing.delete)
app.command(
    "cleanup",
    epilog=examples(
        "osa ingestion cleanup --older-than 30d --status succeeded",
        "osa ingestion cleanup --older-than 90d --keep-last 10 --yes",
    ),
)(clearing.cleanup)
