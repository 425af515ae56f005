"""Random histories of several boards: no secret goes astray, and each honest one ends with every board at its own entry.

The same as the campaign, which is for the command line; here hypothesis looks for the shortest history that breaks a rule.
"""

from collections.abc import AsyncIterator, Callable
from random import Random

from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from tests.scenarios.identity_campaign import run
from tests.scenarios.identity_histories import History
from tests.scenarios.simulated_home import House, simulated

pytestmark = pytest.mark.slow

type Begin = Callable[[Random], House]

LOOK_AT = settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
async def begin(hass: HomeAssistant) -> AsyncIterator[Begin]:
    """Begin on a new network."""
    async with simulated(hass) as begin:
        yield begin


@LOOK_AT
@given(random=st.randoms(use_true_random=False))
async def test_honest_histories(begin: Begin, random: Random) -> None:
    await let_happen(begin, random, hostile=False)


@LOOK_AT
@given(random=st.randoms(use_true_random=False))
async def test_histories_with_an_attacker(begin: Begin, random: Random) -> None:
    await let_happen(begin, random, hostile=True)


async def let_happen(begin: Begin, random: Random, *, hostile: bool) -> None:
    """Let one history happen."""
    house = begin(random)
    try:
        await History(house, random, hostile=hostile).run()
    finally:
        await house.close()


async def test_the_beginning_of_the_campaign(hass: HomeAssistant) -> None:
    await run(hass, range(150))
