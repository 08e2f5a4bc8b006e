"""The routes of the native API, a file a noun."""

from headwater.web.routes import (
    about,
    actions,
    arrivals,
    builds,
    campaigns,
    events,
    files,
    grid,
    load,
    missions,
    reasons,
    script,
)

ROUTERS = (
    about.router,
    missions.router,
    load.router,
    grid.router,
    builds.router,
    arrivals.router,
    files.router,
    events.router,
    reasons.router,
    campaigns.router,
    actions.router,
    script.router,
)
"""All routes, in the order of the reference."""
