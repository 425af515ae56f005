"""What a board makes of requests that come slowly. It waits a second for each byte, so these tests take seconds."""

import asyncio

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import VirtualBoard
from tests.virtual_board_itself.raw import (
    BAD_REQUEST,
    NOT_FOUND,
    OK,
    UNAUTHORIZED,
    Connection,
    ask,
    authorization,
    head,
)

LONG = 1.25
SHORT = 0.6
POST = b"POST /sketch HTTP/1.1\r\n"


async def with_gaps(board: VirtualBoard, gap: float, *pieces: bytes) -> bytes:
    """The answer to a request whose pieces come so many seconds one after the other."""
    async with Connection(board) as connection:
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(gap)
            await connection.send(piece)
        return await connection.answer()


@pytest.mark.slow
async def test_gaps_of_more_than_a_second_cut_the_head_short(start_board: StartBoard) -> None:
    length = b"Content-Length: 0\r\n"
    right = authorization() + b"\r\n"
    cases = [
        # A gap inside the request line leaves half a request line.
        (LONG, (b"POST /ske", b"tch HTTP/1.1\r\n" + right + b"\r\n"), NOT_FOUND),
        # A gap between headers ends them: there was no authorization.
        (LONG, (POST, right + length + b"\r\n"), UNAUTHORIZED),
        (LONG, (POST + length, right + b"\r\n"), UNAUTHORIZED),
        # A gap behind the authorization ends the headers, too: there was no length.
        (LONG, (POST + right, b"Content-Length: 64\r\n\r\n" + bytes(64)), BAD_REQUEST),
        # A gap inside a header makes two of it.
        (LONG, (POST + right[:20], right[20:] + b"\r\n"), UNAUTHORIZED),
        # A gap in front of the empty line is as good as the empty line.
        (LONG, (POST + right + length, b"\r\n"), BAD_REQUEST),
        # Each byte may take its second.
        (SHORT, (b"POST /ske", b"tch HTTP/1.1\r", b"\n" + right, length[:4], length[4:] + b"\r\n"), BAD_REQUEST),
        # A body may take as long as it likes.
        (LONG, (head(8), bytes(4), bytes(4)), OK),
    ]
    boards = [await start_board() for _ in cases]
    answers = await asyncio.gather(
        *(with_gaps(board, gap, *pieces) for board, (gap, pieces, _) in zip(boards, cases, strict=True))
    )
    assert answers == [answer for *_, answer in cases]


@pytest.mark.slow
async def test_a_silent_connection_is_a_request_for_nothing_even_if_it_is_closed_at_once(
    start_board: StartBoard,
) -> None:
    open_on, closed_on = await start_board(), await start_board()
    async with Connection(closed_on):
        pass
    async with Connection(open_on) as silent:
        answers = await asyncio.gather(silent.answer(), ask(open_on, head(0)), ask(closed_on, head(0)))
    assert list(answers) == [NOT_FOUND, BAD_REQUEST, BAD_REQUEST]
    assert closed_on.requests[0].line == ""
