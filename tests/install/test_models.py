"""What is offered to a board of each model, what is refused, and what is said of it, for sketches for each model and for none."""

from dataclasses import replace
import hashlib

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.const import CONF_MODEL
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import FIRMWARE, act, drop, install, issues, shown
from tests.virtual_board import VirtualBoard
from tests.virtual_board.firmware import Firmware
from tests.virtual_board.sketches import BOARDS, MKR1000, NANO_33_IOT, Board, build_sketch

NAMES = {
    "mkr1000": "Arduino MKR1000",
    "mkrwifi1010": "Arduino MKR WiFi 1010",
    "nano_33_iot": "Arduino NANO 33 IoT",
}
# Built without USB: only the driver of the Wi-Fi module tells what they run on.
UNKNOWN = {"WiFi101": replace(MKR1000, product=None), "WiFiNINA": replace(NANO_33_IOT, product=None)}
RUNS_ON = {"WiFi101": ["mkr1000"], "WiFiNINA": ["mkrwifi1010", "nano_33_iot"]}


def for_board(board: Board) -> bytes:
    return build_sketch("Arduino", "sesame", version="9.0", library="ArduinoOTA", board=board)


async def add(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> ConfigEntry:
    """Set up a board of a model that was asked for."""
    entry = await add_board(board)
    home.config_entries.async_update_entry(entry, data={**entry.data, CONF_MODEL: board.options.model})
    await home.config_entries.async_reload(entry.entry_id)
    return entry


async def refused(home: HomeAssistant, board: VirtualBoard, image: bytes, *allow: str) -> tuple[str, str]:
    """Flash a sketch that has to be refused; return why, as a key and in words."""
    with pytest.raises(HomeAssistantError) as error:
        await act(home, "flash", file=drop(home, "other.bin", image), allow=list(allow))
    assert not any(request.body_bytes for request in board.requests)
    return str(error.value.translation_key), str(error.value)


@pytest.mark.parametrize("built_for", NAMES)
@pytest.mark.parametrize("model", NAMES)
async def test_a_sketch_that_proves_its_model(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, offer: Offer, model: str, built_for: str
) -> None:
    board = await start_board(model=model, library="ArduinoOTA")
    entry = await add(home, add_board, board)
    image = for_board(BOARDS[built_for])
    await offer(entry, {"garden-9.0.bin": image})
    latest, said = (shown(home, FIRMWARE).attributes[name] for name in ("latest_version", "release_summary"))
    if model == built_for:
        assert latest == "9.0"
        await install(home)
        assert board.flashed == [image]
        return
    assert latest == "unknown"
    assert "garden-9.0.bin isn't offered: it was built for a different model" in said
    for allow in ([], ["unknown_board"]):
        why, words = await refused(home, board, image, *allow)
        assert why == "sketch_other_board"
        assert f"built for the {NAMES[built_for]}, but this board is an {NAMES[model]}." in words


@pytest.mark.parametrize("driver", UNKNOWN)
@pytest.mark.parametrize("model", NAMES)
async def test_a_sketch_that_proves_none_needs_its_owners_word(
    home: HomeAssistant, add_board: AddBoard, start_board: StartBoard, offer: Offer, model: str, driver: str
) -> None:
    image = for_board(UNKNOWN[driver])
    runs = Firmware("Arduino", "sesame", "9.0", library="ArduinoOTA")
    board = await start_board(model=model, library="ArduinoOTA", images={hashlib.sha256(image).hexdigest(): runs})
    entry = await add(home, add_board, board)
    await offer(entry, {"garden-9.0.bin": image})
    assert shown(home, FIRMWARE).attributes["latest_version"] == "unknown"
    [issue] = issues(home).values()
    assert "which board this sketch is for" in str(issue.translation_placeholders)

    why, words = await refused(home, board, image)
    if model in RUNS_ON[driver]:
        assert why == "sketch_unknown_board"
        assert words.endswith(f"Rebuild it for the {NAMES[model]}")
        assert (await act(home, "flash", file=drop(home, "own.bin", image), allow=["unknown_board"]))["to"] == "9.0"
        assert board.flashed == [image]
    else:
        assert (why, words) == await refused(home, board, image, "unknown_board")
        assert why == "sketch_other_board"
        possible = " or ".join(NAMES[each] for each in RUNS_ON[driver])
        assert f"built for the {possible}, but this board is an {NAMES[model]}." in words
