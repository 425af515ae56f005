"""Home Assistant is killed at any moment of a flash, and started again: no password is lost, nothing flashed twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import pytest

from tests.real_home import moments
from tests.real_home.bed import Bed
from tests.real_home.client import HomeClient
from tests.real_home.eventually import eventually
from tests.real_home.home import RealHome
from tests.real_home.known_board import DOMAIN, KnownBoard
from tests.real_home.moments import Moment
from tests.real_home.network import HomeNetwork
from tests.virtual_board import BoardOptions

pytestmark = pytest.mark.slow

NAMES = ("Fern", "Iris", "Lily", "Rose")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, network: HomeNetwork) -> Iterator[RealHome]:
    """The Home Assistant of all these tests; each of them leaves it running."""
    home = RealHome(tmp_path_factory.mktemp("home"), network)
    yield home
    home.kill()


@pytest.fixture(scope="module")
def entries() -> dict[str, str]:
    """The configuration entries of the boards, by name, as soon as they are added."""
    return {}


@pytest.fixture
async def beds(
    process: RealHome, entries: dict[str, str], network: HomeNetwork, sockets: None
) -> AsyncIterator[list[Bed]]:
    """Four boards that Home Assistant knows, and that want the passwords that it knows."""
    async with AsyncExitStack() as stack:
        if not process.runs:
            await process.start()
        client = await stack.enter_async_context(process.connect())
        known = {name: KnownBoard(process, client, entry_id) for name, entry_id in entries.items()}
        beds = []
        for number, name in enumerate(NAMES, 11):
            password = known[name].passwords[0] if name in known else "password"
            beds.append(
                Bed(BoardOptions(address=network.address(number), port=65280, name=name, password=password, pause=0.1))
            )
            await stack.enter_async_context(beds[-1].board)
        await asyncio.gather(*(_plant(bed, process, client, known) for bed in beds))
        entries.update({bed.board.name: bed.known.entry_id for bed in beds})
        yield beds


async def _plant(bed: Bed, process: RealHome, client: HomeClient, known: dict[str, KnownBoard]) -> None:
    board = bed.board
    bed.known = known.get(board.name) or await KnownBoard.add(process, client, board)


@pytest.mark.parametrize("same_password", [False, True], ids=["new password", "same password"])
@pytest.mark.parametrize(
    "together",
    [
        (moments.BEGUN, moments.HALF, moments.NEARLY, moments.CHECKING),
        (moments.LAST_PIECE, moments.UNANSWERED, moments.NOTED, moments.ANSWERED),
        (moments.AWAY, moments.LONG_AWAY, moments.VERIFYING),
        (moments.VERIFIED,),
    ],
    ids=lambda together: ", ".join(moment.name for moment in together),
)
async def test_no_password_is_lost(
    process: RealHome, beds: list[Bed], together: tuple[Moment, ...], same_password: bool
) -> None:
    """Several boards are flashed, each has come to another moment; Home Assistant is killed, and started again."""
    *kept, (last, when) = flashes = list(zip(beds, together, strict=False))
    await _offer(flashes, same_password=same_password)
    async with asyncio.TaskGroup() as installs:
        await _bring_about(kept, installs)
        last.kill_at(when, process)
        await _bring_about([(last, when)], installs)
    await process.start()
    await _check(process, flashes, same_password=same_password)


async def test_killed_again_while_it_finds_out(process: RealHome, beds: list[Bed]) -> None:
    """It is killed while the board is away, and again when it asks that board for its password."""
    bed = beds[0]
    await _offer([(bed, moments.AWAY)])
    async with asyncio.TaskGroup() as installs:
        await _bring_about([(bed, moments.AWAY)], installs)
        process.kill()
    bed.kill_at(moments.VERIFYING, process)
    process.launch()
    await eventually(lambda: not process.runs, within=90, what="the second death")
    await process.start()
    await _check(process, [(bed, moments.VERIFYING)])


async def test_an_orderly_stop(process: RealHome, beds: list[Bed]) -> None:
    """It is stopped and started in good order, in the middle of flashes."""
    flashes = list(zip(beds, (moments.HALF, moments.LAST_PIECE, moments.NOTED, moments.AWAY), strict=True))
    await _offer(flashes)
    async with asyncio.TaskGroup() as installs:
        await _bring_about(flashes, installs)
        await process.stop()
    await process.start()
    await _check(process, flashes)


async def _offer(flashes: list[tuple[Bed, Moment]], *, same_password: bool = False) -> None:
    await asyncio.gather(*(bed.offer_sketch(same_password=same_password) for bed, _ in flashes))


async def _bring_about(flashes: list[tuple[Bed, Moment]], installs: asyncio.TaskGroup) -> None:
    """Flash boards until each has come to its moment, and stays there."""
    for bed, moment in flashes:
        bed.board.options = replace(bed.board.options, **moment.options)
        installs.create_task(bed.install())
    for bed, moment in flashes:
        await eventually(partial(bed.has_reached, moment), what=moment.name)


async def _check(process: RealHome, flashes: list[tuple[Bed, Moment]], *, same_password: bool = False) -> None:
    """Wait until Home Assistant has found out what became of flashes, and see that it is right."""
    async with process.connect() as client:
        for bed, moment in flashes:
            bed.known = replace(bed.known, client=client)
            await bed.come_back()
            await _check_one(bed, moment, same_password=same_password)
        assert not await client.flows(DOMAIN)


async def _check_one(bed: Bed, moment: Moment, *, same_password: bool) -> None:
    board, known = bed.board, bed.known
    firmware = await known.entity()

    async def is_settled() -> bool:
        # In this order: what has been found out is told before the board gets free.
        if known.record["pending"] is not None:
            return False
        state = await known.client.state(firmware)
        return not state["attributes"]["in_progress"]

    await eventually(is_settled, within=90, what=f"the end of a flash interrupted {moment.name}")
    assert board.flashed == ([bed.image] if moment.flashes else []), moment.name
    assert known.passwords[0] == board.password, moment.name
    await eventually(lambda: (known.stored_entry or {})["data"]["password"] == board.password, what="that in the entry")
    # Old and new sketch may behave alike, and nobody saw the board restart: then the user is told.
    certain = moment.seen or not same_password
    told = {issue["issue_id"] for issue in await known.client.issues(DOMAIN)}
    assert (f"uncertain.{known.entry_id}" in told) is not certain, moment.name
    assert (f"not_installed.{known.entry_id}" in told) is not moment.flashes, moment.name
    state = await known.firmware()
    runs_it = state["attributes"]["installed_version"] == bed.version
    assert runs_it is (moment.flashes and certain), moment.name
