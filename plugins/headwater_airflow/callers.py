"""Who calls the web app: Airflow's own login, and Airflow's own rules of what each may.

An auth manager of Airflow knows no missions: a mission is its DAG ``<slug>.incoming``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.models.resource_details import (
    DagAccessEntity,
    DagDetails,
    TeamDetails,
)
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import HTTPException, Request

from headwater.flows.airflow_rest import AirflowRest
from headwater.web.access import Right
from headwater.web.errors import NotLoggedInError
from headwater_airflow.airflow_access import open_airflow_as

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

NO_TEAM = "headwater: no team has this name"
"""Who belongs to the team of a name that no team has may everything."""


@dataclass(frozen=True, slots=True)
class AirflowCaller:
    """Somebody who has logged in to Airflow."""

    user: BaseUser
    token: str

    @property
    def name(self) -> str:
        """The name by which they log in."""
        return str(self.user.get_name())

    def may(self, right: Right, mission_slug: str) -> bool:
        """Whether Airflow allows them what stands for this right (spec airflow 2).

        To look: to read the DAG. To trigger: to start runs of it. To operate: also to make asset
        events. To administer: what only an administrator may; where an auth manager cannot tell,
        nobody.
        """
        dag = _details(mission_slug)
        if not _may_dag(self.user, "GET", dag):
            return False
        if right is Right.LOOK:
            return True
        if not _may_dag(self.user, "POST", dag, DagAccessEntity.RUN):
            return False
        if right is Right.TRIGGER:
            return True
        if not get_auth_manager().is_authorized_asset(method="POST", user=self.user):
            return False
        return right is Right.OPERATE or _is_administrator(self.user)

    def airflow(self) -> AbstractContextManager[AirflowRest]:
        """Airflow's REST interface as this person."""
        return open_airflow_as(self.token)


async def identify(request: Request) -> AirflowCaller:
    """The person whose token or cookie came with a request.

    Raises
    ------
    NotLoggedInError
        If there is none, or it is not valid any more.
    """
    bearer = await bearer_scheme(request)
    try:
        user = await get_user(request, None, bearer)
    except HTTPException as error:
        raise NotLoggedInError(
            f"nobody is logged in ({error.detail}): log in to Airflow, or send the token that "
            "its POST /auth/token gives"
        ) from error
    token = bearer.credentials if bearer else request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
    return AirflowCaller(user, token)


def _details(mission_slug: str) -> DagDetails:
    dag_id = f"{mission_slug}.incoming"
    team = DagModel.get_team_name(dag_id) if conf.getboolean("core", "multi_team") else None
    return DagDetails(id=dag_id, team_name=team)


def _may_dag(
    user: Any, method: Any, dag: DagDetails, entity: DagAccessEntity | None = None
) -> bool:
    return bool(
        get_auth_manager().is_authorized_dag(
            method=method, access_entity=entity, details=dag, user=user
        )
    )


def _is_administrator(user: Any) -> bool:
    try:
        return bool(
            get_auth_manager().is_authorized_team(
                method="PUT", user=user, details=TeamDetails(name=NO_TEAM)
            )
        )
    except NotImplementedError:
        return False
