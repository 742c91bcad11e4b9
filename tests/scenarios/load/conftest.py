"""A small field for loads: agencies of the load world, issued once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from scenarios.load.field import Field, open_field
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.pki import WorldPki, build

AGENCIES = 8


@cache
def world() -> World:
    """The world loads are made in."""
    return load_world("load-field", "1")


@cache
def issued() -> WorldPki:
    """Its certificates."""
    return build(world())


@pytest.fixture
def field() -> Field:
    """Eight agencies, none with an RSA seal by intent."""
    return open_field(world(), issued(), AGENCIES)


@pytest.fixture
def field_of() -> Callable[..., Field]:
    """So many agencies, with RSA seals where asked for."""

    def opened(agencies: int, *, rsa: bool = False) -> Field:
        return open_field(world(), issued(), agencies, rsa=rsa)

    return opened
