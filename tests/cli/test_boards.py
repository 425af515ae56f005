"""`ota scan` and `ota check`, with boards to find and to ask."""

from collections.abc import Iterator

from ifaddr._posix import get_adapters
import pytest
import pytest_socket

from tests.cli.conftest import Run
from tests.conftest import StartBoard
from tests.real_home.network import HomeNetwork, home_network
from tests.virtual_board import VirtualBoard


def at(board: VirtualBoard) -> str:
    """Return where a board is, as a person types it."""
    return f"{board.address}:{board.port}"


@pytest.fixture
def network(loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[HomeNetwork]:
    """Be in a network in which boards can be heard."""
    # The plugin for Home Assistant's tests makes one up.
    monkeypatch.setattr("ifaddr.get_adapters", get_adapters)
    with home_network() as network:
        pytest_socket.socket_allow_hosts(["127.0.0.0/8", f"{network.prefix}0/24", "224.0.0.251"])
        yield network


@pytest.mark.slow
async def test_a_scan_finds_the_boards_that_answer(network: HomeNetwork, start_board: StartBoard, ota: Run) -> None:
    if not network.private:
        pytest.skip("Only root can have a network of its own")
    there = {"mdns": True, "interface": "lo"}
    await start_board(**there, address=network.address(8), port=65280, name="Shed", library="ArduinoOTA")
    await start_board(**there, address=network.address(9), port=65280, name="garden")
    # Whoever announces another service of this host, or on another port, is not asked.
    await start_board(**there, address="127.0.0.9", port=65280, name="liar")
    await start_board(**there, address=network.address(10), port=9100, name="printer")
    ended = await ota("scan")
    assert (ended.status, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [
        [network.address(9), "WiFi101OTA", "garden"],
        [network.address(8), "ArduinoOTA", "Shed"],
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("network")
async def test_a_scan_that_finds_nothing_says_what_to_do(ota: Run) -> None:
    ended = await ota("scan")
    assert (ended.status, ended.out) == (3, "")
    assert "ota check HOST" in ended.err


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
async def test_a_board_is_recognised(start_board: StartBoard, ota: Run, library: str) -> None:
    board = await start_board(library=library)
    ended = await ota("check", at(board))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"{at(board)} is a board whose sketch uses {library}.\n"
    assert [request.password for request in board.requests] == [None]


async def test_a_password_is_checked(board: VirtualBoard, ota: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the option, from the variable, and from the prompt."""
    said = f"{at(board)} is a board whose sketch uses WiFi101OTA, and it accepts the password.\n"
    assert (await ota("check", at(board), "--password", "password")).out == said
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.commands.check.getpass", lambda _: "password")
    assert (await ota("check", at(board), "--password")).out == said
    monkeypatch.setenv("OTA_PASSWORD", "password")
    assert (await ota("check", at(board))).out == said


async def test_a_wrong_password_is_not_repeated(board: VirtualBoard, ota: Run) -> None:
    ended = await ota("check", at(board), "--password", "open sesame")
    assert ended.status == 4
    assert "accepts another password" in ended.err
    assert "sesame" not in ended.out + ended.err
    assert board.requests[-1].password == "open sesame"


async def test_what_is_no_board_is_not_taken_for_one(web_server: str, mute_server: str, ota: Run) -> None:
    """A web server, something that hangs up, and nothing at all."""
    for there, said in (
        (web_server, "does not answer as a board"),
        (mute_server, "says nothing"),
        ("127.0.0.32", "Nothing accepts a connection"),
    ):
        ended = await ota("check", there, "--password", "open sesame")
        assert (ended.status, ended.out) == (3, "")
        assert said in ended.err
        assert "ota scan" in ended.err
        assert "sesame" not in ended.err
