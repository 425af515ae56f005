"""Which mDNS questions a board answers, when, and with what. It is silent for a second at a time, and so are these."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from zeroconf import DNSAddress, DNSIncoming, DNSPointer, DNSService, DNSText

from tests.conftest import StartBoard
from tests.support.private_network import private_network
from tests.virtual_board import VirtualBoard
from tests.virtual_board_itself.listener import QUESTION, SOON, Listener
from tests.virtual_board_itself.raw import Connection, head, upload

SILENCE = 1.1


@pytest.fixture
def listener(loopback: None) -> Iterator[Listener]:
    """Somebody alone with the boards on a loopback interface."""
    with private_network():
        listener = Listener("127.0.0.1")
        yield listener
        listener.close()


@pytest.mark.slow
async def test_at_most_one_answer_a_second_and_none_in_the_first(listener: Listener, start_board: StartBoard) -> None:
    await start_board(mdns=True)
    listener.ask()
    assert await listener.answers(SILENCE) == []
    for _ in range(3):
        listener.ask()
    assert len(await listener.answers(0.6)) == 1
    listener.ask()
    assert await listener.answers(0.5) == []
    listener.ask()
    assert len(await listener.answers()) == 1


@pytest.mark.slow
async def test_it_answers_nothing_but_the_one_question(listener: Listener, start_board: StartBoard) -> None:
    board = await start_board(mdns=True)
    await asyncio.sleep(SILENCE)
    wrong = [
        QUESTION[:-2] + b"\x80\x01",  # asks for a unicast answer
        QUESTION[:-3] + b"\xff\x00\x01",  # asks for anything
        QUESTION + b"\0",
        QUESTION[:-1],
        QUESTION.replace(b"\x00\x01\x00\x00", b"\x00\x02\x00\x00", 1) + b"\xc0\x0c\x00\x10\x00\x01",
        QUESTION[:2] + b"\x01" + QUESTION[3:],  # wishes recursion
        QUESTION[:7] + b"\x01" + QUESTION[8:],  # says that it knows an answer
        QUESTION.replace(b"_arduino", b"_Arduino"),
        QUESTION.replace(b"_arduino", b"_esphome"),
        QUESTION[:11] + b"\x01" + QUESTION[12:],
        b"",
        b"\0" * 37,
    ]
    for question in wrong:
        listener.ask(question)
    assert await listener.answers() == []
    listener.ask(b"\xbe\xef" + QUESTION[2:])
    assert len(await listener.answers()) == 1
    assert [event.facts["answers"] for event in board.events if event.kind == "asked"] == [True]


@pytest.mark.slow
async def test_answers_are_laid_out_as_the_library_does(listener: Listener, start_board: StartBoard) -> None:
    await start_board(mdns=True, address="127.0.0.7", port=65280, name="Arduino")
    await start_board(mdns=True, address="127.0.0.8", port=65280, name="Käfig", library="ArduinoOTA")
    await asyncio.sleep(SILENCE)
    listener.ask()
    answers = dict(await listener.answers())
    assert answers["127.0.0.7"] == bytes.fromhex(
        "0000 8400 0000 0004 0000 0000"
        "085f61726475696e6f 045f746370 056c6f63616c 00 000c 0001 00001194 000a 07 41726475696e6f c00c"
        "c02b 0010 8001 00001194 0039"
        "0d 7373685f75706c6f61643d6e6f 0c 7463705f636865636b3d6e6f 0f 617574685f75706c6f61643d796573"
        "0d 626f6172643d6d6b7231303030"
        "c02b 0021 8001 00000078 0010 0000 0000 ff00 07 41726475696e6f c01a"
        "c08c 0001 8001 00000078 0004 7f000007"
    )
    assert answers["127.0.0.8"][-16:] == bytes.fromhex("c08b 0001 8001 00000078 0004 7f000008")
    assert b"\x0dboard=arduino" in answers["127.0.0.8"]


@pytest.mark.slow
async def test_answers_can_be_read_by_anybody(listener: Listener, start_board: StartBoard) -> None:
    await start_board(mdns=True, port=65280, name="Attic 3")
    await asyncio.sleep(SILENCE)
    listener.ask()
    ((_, packet),) = await listener.answers()
    pointer, text, service, address = DNSIncoming(packet).answers()
    assert isinstance(pointer, DNSPointer) and isinstance(text, DNSText)
    assert isinstance(service, DNSService) and isinstance(address, DNSAddress)
    instance = "Attic 3._arduino._tcp.local."
    assert (pointer.name, pointer.alias, text.name, service.name) == (instance[8:], instance, instance, instance)
    assert (service.server, service.port, address.name) == ("Attic 3.local.", 65280, "Attic 3.local.")
    assert [record.ttl for record in (pointer, text, service, address)] == [4500, 4500, 120, 120]
    assert [record.unique for record in (pointer, text, service, address)] == [False, True, True, True]
    assert text.text == b"\rssh_upload=no\x0ctcp_check=no\x0fauth_upload=yes\rboard=mkr1000"


@pytest.mark.slow
async def test_a_question_to_one_board_is_answered_to_everybody(listener: Listener, start_board: StartBoard) -> None:
    boards = [await start_board(mdns=True, address=f"127.0.0.{number}") for number in range(10, 20)]
    await asyncio.sleep(SILENCE)
    listener.ask(whom=("127.0.0.12", 5353))
    assert [address for address, _ in await listener.answers()] == ["127.0.0.12"]
    await asyncio.sleep(SILENCE - SOON)
    listener.ask()
    assert sorted(address for address, _ in await listener.answers()) == sorted(board.address for board in boards)


@pytest.mark.slow
async def test_it_is_quiet_while_it_cannot_poll(listener: Listener, start_board: StartBoard) -> None:
    async def board(number: int, **options: Any) -> VirtualBoard:
        return await start_board(mdns=True, address=f"127.0.0.{number}", **options)

    served, off, dropped = await board(2), await board(3), await board(4)
    pausing, copying, gone = await board(5, pause=9.0), await board(6, copy_time=9.0), await board(7, away=9.0)
    without_ota, late = await board(8, image=bytes(256)), await board(9, mdns_delay=0.3)
    await asyncio.sleep(SILENCE)
    await off.power_off()
    await dropped.drop_wifi()
    for flashed in (pausing, copying, gone):
        await upload(flashed, bytes(64))
    async with Connection(served) as stalled:
        await stalled.send(head(64) + bytes(32))
        while not served.busy:
            await asyncio.sleep(0.01)
        listener.ask()
        assert await listener.answers() == []
    assert [address for address, _ in await listener.answers()] == [late.address]
    listener.ask()
    assert [address for address, _ in await listener.answers()] == [served.address]
    assert without_ota.ota_inside is False
