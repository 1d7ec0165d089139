"""One function per operation, each three moves: take, ask, answer."""

from osa.server.http.routes import (
    campaigns,
    content,
    conventions,
    history,
    ingestions,
    records,
    service,
    uploads,
)

ROUTERS = (
    ingestions.router,
    history.router,
    content.router,
    conventions.router,
    uploads.router,
    records.router,
    campaigns.router,
    service.router,
)
