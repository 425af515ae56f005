"""Looking for boards where no form is open, and reading addresses."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard
from custom_components.mkr1000_ota.arduino_ota.protocol.address import read_address, write_address
from custom_components.mkr1000_ota.flows.discovered_board import async_look_at, client_for
from tests.conftest import Arp
from tests.support.steps import MAC, OTHER_MAC, passwords_sent_to
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end")


async def test_a_password_does_not_go_to_whoever_took_the_address_since_the_look(
    home: HomeAssistant, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    found = await async_look_at(home, board.address, board.port)
    client = client_for(home, found, found.known(home))
    await client.check_password("password")
    board.requests.clear()
    arp(MAC, "127.0.0.99")
    arp(OTHER_MAC, board.address)
    with pytest.raises(AnotherBoard):
        await client.check_password("password")
    assert passwords_sent_to(board) == []


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("192.0.2.7", "192.0.2.7", None),
        (" 192.0.2.7:8080\n", "192.0.2.7", 8080),
        ("192.0.2.7:65535", "192.0.2.7", 65535),
        ("garden", "garden", None),
        ("Garden.local", "Garden.local", None),
        ("garden.example.com.:1", "garden.example.com", 1),
        ("7up.example", "7up.example", None),
        ("under_score", "under_score", None),
    ],
)
def test_an_address_is_read(typed: str, host: str, port: int | None) -> None:
    assert read_address(typed) == (host, port)


def test_an_address_is_written_as_a_person_would() -> None:
    assert write_address("192.0.2.7", 65280) == "192.0.2.7"
    assert write_address("192.0.2.7", 8080) == "192.0.2.7:8080"
