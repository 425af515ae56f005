"""Home Assistant is killed at any moment of a flash, and started again: no password is lost, nothing flashed twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import pytest

from tests.virtual_board import BoardOptions

from . import moments
from .bed import Bed
from .eventually import eventually
from .home import RealHome
from .known_board import DOMAIN, KnownBoard
from .moments import Moment
from .network import HomeNetwork

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAMES = ("Fern", "Iris", "Lily", "Rose")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, network: HomeNetwork) -> Iterator[RealHome]:
    """The Home Assistant of all these tests; each of them leaves it running."""
    home = RealHome(tmp_path_factory.mktemp("home"), network)
    yield home
    home.kill()


@pytest.fixture
async def beds(process: RealHome, network: HomeNetwork, sockets: None) -> AsyncIterator[list[Bed]]:
    """Four boards that Home Assistant knows."""
    async with AsyncExitStack() as stack:
        if not process.runs:
            await process.start()
        client = await stack.enter_async_context(process.connect())
        known = await KnownBoard.all(process, client)
        beds = [Bed(_options(network.address(11 + number), name, known)) for number, name in enumerate(NAMES)]
        for bed in beds:
            await stack.enter_async_context(bed.board)
        new = [bed.board for bed in beds if bed.board.name not in known]
        await asyncio.gather(
            *(KnownBoard.add(process, client, board.address, board.port, board.password) for board in new)
        )
        known = await KnownBoard.all(process, client)
        for bed in beds:
            bed.known = known[bed.board.name]
        yield beds


def _options(address: str, name: str, known: dict[str, KnownBoard]) -> BoardOptions:
    password = known[name].record["keyring"][0] if name in known else "password"
    return BoardOptions(address=address, port=65280, name=name, password=password, pause=0.1, mdns=True, interface="lo")


@pytest.mark.parametrize("same_password", [False, True], ids=["new password", "same password"])
@pytest.mark.parametrize(
    "together",
    [
        (moments.BEGUN, moments.HALF, moments.NEARLY, moments.CHECKING),
        (moments.LAST_PIECE, moments.UNANSWERED, moments.NOTED, moments.ANSWERED),
        (moments.AWAY, moments.LONG_AWAY, moments.BACK),
        (moments.VERIFYING,),
        (moments.VERIFIED,),
    ],
    ids=lambda together: ", ".join(moment.name for moment in together),
)
async def test_no_password_is_lost(
    process: RealHome, beds: list[Bed], together: tuple[Moment, ...], same_password: bool
) -> None:
    """Several boards are flashed, each has come to another moment; Home Assistant is killed, and started again."""
    flashes = list(zip(beds, together, strict=False))
    *kept, (last, when) = flashes
    for bed, moment in flashes:
        await bed.offer_sketch(same_password=same_password)
        bed.board.options = replace(bed.board.options, **moment.options)

    async with asyncio.TaskGroup() as installs:
        for bed, _ in kept:
            installs.create_task(bed.install())
        for bed, moment in kept:
            await eventually(partial(bed.at, moment), what=moment.name)
        last.kill_at(when, process)
        installs.create_task(last.install())
        await eventually(lambda: not process.runs, what=when.name)

    await process.start()
    async with process.connect() as client:
        for bed, moment in flashes:
            bed.known = replace(bed.known, client=client)
            await bed.come_back()
            await _check(bed, moment, same_password=same_password)
        assert not await client.flows(DOMAIN)


async def _check(bed: Bed, moment: Moment, *, same_password: bool) -> None:
    """Wait until Home Assistant has found out what became of a flash, and see that it is right."""
    board, known = bed.board, bed.known
    await eventually(
        lambda: known.record["pending"] is None, within=90, what=f"the end of a flash killed {moment.name}"
    )
    assert board.flashed == ([bed.image] if moment.flashes else []), moment.name
    assert known.record["keyring"][0] == board.password, moment.name
    await eventually(lambda: (known.stored_entry or {})["data"]["password"] == board.password, what="that in the entry")
    # Old and new sketch may behave alike, and nobody saw the board restart: then the user is told.
    told = {issue["issue_id"] for issue in await known.client.issues(DOMAIN)}
    certain = moment.seen or not same_password
    assert (f"uncertain_{known.entry_id}" in told) is not certain, moment.name
    state = await known.firmware()
    assert not state["attributes"]["in_progress"], moment.name
    runs_it = state["attributes"]["installed_version"] == bed.version
    assert runs_it is (moment.flashes and certain), moment.name
