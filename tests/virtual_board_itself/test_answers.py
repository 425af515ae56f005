"""What a board answers to which request, and in which order it looks at things."""

import pytest

from tests.conftest import StartBoard
from tests.virtual_board import VirtualBoard
from tests.virtual_board_itself.raw import (
    BAD_REQUEST,
    NOT_FOUND,
    OK,
    SERVER_ERROR,
    TOO_LARGE,
    UNAUTHORIZED,
    Connection,
    ask,
    authorization,
    body_taken,
    head,
    upload,
)

POST = b"POST /sketch HTTP/1.1\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1",
        b"POST /sketch HTTP/1.0",
        b"POST  /sketch HTTP/1.1",
        b"post /sketch HTTP/1.1",
        b"POST /sketch/ HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
async def test_any_other_request_line_is_not_found(board: VirtualBoard, line: bytes) -> None:
    assert await ask(board, line + b"\r\n" + authorization() + b"\r\nContent-Length: 0\r\n\r\n") == NOT_FOUND


@pytest.mark.parametrize("line", [b"POST /sketch HTTP/1.1\n", b"  POST /sketch HTTP/1.1 \t\r\n"])
async def test_white_space_around_a_line_does_not_matter(board: VirtualBoard, line: bytes) -> None:
    assert await ask(board, line + b" " + authorization() + b" \n\n") == BAD_REQUEST


@pytest.mark.parametrize(
    "header",
    [
        b"X-Nothing: 1",
        authorization("wrong"),
        authorization().replace(b"Authorization", b"authorization"),
        authorization().replace(b": ", b":"),
        authorization().replace(b": ", b":  "),
        authorization().replace(b"Basic", b"basic"),
        b"Authorization: Bearer " + authorization().split()[-1],
        b"Authorization: Basic YWRtaW46cGFzc3dvcmQ=",
    ],
)
async def test_without_exactly_the_expected_authorization_it_is_unauthorized(
    board: VirtualBoard, header: bytes
) -> None:
    assert await ask(board, POST + header + b"\r\nContent-Length: 0\r\n\r\n") == UNAUTHORIZED


@pytest.mark.parametrize("password", ["", "pä ß:x", "x" * 60, "a:b"])
async def test_a_password_counts_as_its_utf8_bytes(start_board: StartBoard, password: str) -> None:
    board = await start_board(password=password)
    assert await ask(board, head(0, password)) == BAD_REQUEST
    assert await ask(board, head(0, password + "x")) == UNAUTHORIZED
    assert [request.password for request in board.requests] == [password, password + "x"]


async def test_an_empty_password_wants_a_header_all_the_same(start_board: StartBoard) -> None:
    board = await start_board(password="")
    assert await ask(board, POST + b"Authorization: Basic YXJkdWlubzo=\r\n\r\n") == BAD_REQUEST
    assert await ask(board, POST + b"Content-Length: 0\r\n\r\n") == UNAUTHORIZED


@pytest.mark.parametrize(
    "header",
    [
        b"X-Nothing: 1",
        b"Content-Length: 0",
        b"Content-Length: -5",
        b"Content-Length: many",
        b"content-length: 100",
        b"Content-Length:100",
        b"Transfer-Encoding: chunked",
    ],
)
async def test_a_length_that_is_absent_or_not_positive_is_a_bad_request(board: VirtualBoard, header: bytes) -> None:
    assert await ask(board, POST + authorization() + b"\r\n" + header + b"\r\n\r\n") == BAD_REQUEST


async def test_storage_that_cannot_be_opened_is_a_server_error(start_board: StartBoard) -> None:
    board = await start_board(storage_opens=False, storage_size=100)
    assert await upload(board, bytes(64)) == SERVER_ERROR
    assert await upload(board, bytes(200)) == SERVER_ERROR


async def test_a_sketch_larger_than_the_storage_is_refused_when_all_of_it_has_come(start_board: StartBoard) -> None:
    board = await start_board(storage_size=1024)
    async with Connection(board) as connection:
        await connection.send(head(1028) + bytes(1024))
        await body_taken(board, 1024)
        assert board.requests[-1].status is None
        await connection.send(bytes(4))
        assert await connection.answer() == TOO_LARGE
    assert board.flashed == []
    assert await upload(board, bytes(1024)) == OK


async def test_what_is_too_large_for_the_newest_arduinoota_cannot_be_opened(start_board: StartBoard) -> None:
    board = await start_board(storage_size=1024, opening_checks_size=True)
    assert await upload(board, bytes(1028)) == SERVER_ERROR


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"PUT /sketch HTTP/1.1\r\nContent-Length: 3000\r\n\r\n", NOT_FOUND),
        (head(3000, "wrong"), UNAUTHORIZED),
        (head(3000), SERVER_ERROR),
    ],
)
async def test_a_refusal_comes_only_behind_the_whole_body(
    start_board: StartBoard, request_head: bytes, status: bytes
) -> None:
    board = await start_board(storage_opens=False)
    async with Connection(board) as connection:
        await connection.send(request_head + bytes(2999))
        await body_taken(board, 2999)
        await connection.send(b"\0")
        assert await connection.answer() == status
    assert [(request.body_bytes, request.status) for request in board.requests] == [(3000, int(status[9:12]))]


async def test_checks_come_in_this_order(start_board: StartBoard) -> None:
    board = await start_board(storage_opens=False, storage_size=64)
    wrong, right = authorization("wrong"), authorization()
    too_long, body = b"\r\nContent-Length: 65\r\n\r\n", bytes(65)
    assert await ask(board, b"GET / HTTP/1.1\r\n" + wrong + too_long + body) == NOT_FOUND
    assert await ask(board, POST + wrong + b"\r\nContent-Length: 0\r\n\r\n") == UNAUTHORIZED
    assert await ask(board, POST + wrong + too_long + body) == UNAUTHORIZED
    assert await ask(board, POST + right + b"\r\nContent-Length: 0\r\n\r\n") == BAD_REQUEST
    assert await ask(board, POST + right + too_long + body) == SERVER_ERROR


async def test_the_last_of_several_equal_headers_counts(board: VirtualBoard) -> None:
    lines = [authorization("wrong"), b"Content-Length: 9", authorization(), b"Content-Length: 0"]
    assert await ask(board, POST + b"\r\n".join(lines) + b"\r\n\r\n") == BAD_REQUEST


async def test_arduinoota_describes_its_answers(start_board: StartBoard) -> None:
    board = await start_board(library="ArduinoOTA")
    described = b"\r\nConnection: close\r\nContent-type: text/plain\r\nContent-length: "
    assert await ask(board, b"GET / HTTP/1.1\r\n\r\n") == b"HTTP/1.1 404 Not Found" + described + b"9\r\n\r\nNot Found"
    assert await ask(board, head(0)) == b"HTTP/1.1 400 Bad Request" + described + b"11\r\n\r\nBad Request"
    assert await upload(board, bytes(64)) == b"HTTP/1.1 200 OK" + described + b"2\r\n\r\nOK"


async def test_credentials_that_are_no_text_are_refused_like_any_other(board: VirtualBoard) -> None:
    refused = await ask(board, POST + b"Authorization: Basic \xff\xfe\r\nContent-Length: 0\r\n\r\n")
    assert refused == UNAUTHORIZED
    assert board.requests[-1].password is None
    assert await ask(board, b"GET / HTTP/1.1\r\n\r\n") == NOT_FOUND
