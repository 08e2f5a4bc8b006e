"""What all tables of the catalog share."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Enum, Identity, MetaData, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from headwater.catalog.schema import SCHEMA

Key = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
"""A row's own number, given by the database and never used again."""

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
"""A point in time, UTC."""

Now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
"""The time of the transaction that wrote the row, by the database's clock, UTC."""

Small = Annotated[int, mapped_column(SmallInteger)]


class Base(DeclarativeBase):
    """Base of the models; constraints are named by rule, so that migrations can name them."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads this class attribute as it is
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }


def state_type(states: type[StrEnum], name: str) -> Enum:
    """A column type that holds the values of `states` as text and refuses all others."""
    return Enum(
        states,
        name=name,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        length=24,
    )
