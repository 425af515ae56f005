"""Once a key is set, nothing that is not signed with it is flashed, whichever way it comes."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mkr1000_ota.arduino_ota.firmware.belonging import Hold
from custom_components.mkr1000_ota.const import CONF_HEALTH_URL, CONF_HEALTH_WITHIN, CONF_PUBLIC_KEY, DOMAIN
from tests.conftest import AddBoard, Offer
from tests.minisign import Signer
from tests.support.actions import act, board_of, drop, install
from tests.support.looking import settled
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import Web

pytestmark = pytest.mark.slow

KEY = Signer()
OTHER = Signer(b"otherkey")
IMAGE = build_sketch(password="sesame", version="2.0")
GARDEN = build_sketch(name="Garden", password="sesame", version="2.0")
CHANGED = build_sketch(password="sesame", version="2.0", seed=1)

WRONG = {
    "signature_missing": None,
    "signature_other_key": OTHER.sign(IMAGE),
    "signature_wrong_signature": KEY.sign(CHANGED),
    "signature_wrong_trusted_comment": KEY.sign(IMAGE, "for others").replace("for others", "for you"),
    "signature_bad_signature_file": "This is not a signature.",
}


async def refused(home: HomeAssistant, board: VirtualBoard, key: str, what: Any) -> None:
    """Expect that something is refused, and that the board has not heard of it."""
    with pytest.raises(ServiceValidationError) as error:
        await what
    assert error.value.translation_key == key
    assert "{" not in str(error.value)
    assert not any(request.body_bytes for request in board.requests)


@pytest.mark.parametrize("key", WRONG)
async def test_whichever_way_it_comes(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, site: Web, key: str
) -> None:
    """Out of the source, out of a file, from an address."""
    entry = await add_board(board, **{CONF_PUBLIC_KEY: KEY.public_key})
    files = {"garden-2.0.bin": IMAGE}
    site.serve("/garden-2.0.bin", IMAGE)
    file = drop(home, "garden-2.0.bin", IMAGE)
    if signature := WRONG[key]:
        files["garden-2.0.bin.minisig"] = signature.encode()
        site.serve("/garden-2.0.bin.minisig", signature)
        drop(home, "garden-2.0.bin.minisig", signature)
    await offer(entry, files)
    await refused(home, board, key, install(home))
    await refused(home, board, key, act(home, "flash", file=file))
    await refused(home, board, key, act(home, "flash", url=str(site.at("/garden-2.0.bin"))))


async def test_what_is_signed_is_flashed(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, site: Web
) -> None:
    """Out of the source, out of a file, from an address, and out of the archive."""
    entry = await add_board(board, **{CONF_PUBLIC_KEY: KEY.public_key})
    await offer(entry, {"garden-2.0.bin": IMAGE, "garden-2.0.bin.minisig": KEY.sign(IMAGE).encode()})
    await install(home)

    newer = build_sketch(version="3.0")
    site.serve("/garden-3.0.bin", newer)
    site.serve("/garden-3.0.bin.minisig", KEY.sign(newer))
    await act(home, "flash", url=str(site.at("/garden-3.0.bin")))

    newest = build_sketch(version="4.0")
    drop(home, "garden-4.0.bin.minisig", KEY.sign(newest))
    await act(home, "flash", file=drop(home, "garden-4.0.bin", newest))

    await act(home, "install_archived", version="2.0")
    assert board.flashed == [IMAGE, newer, newest, IMAGE]


async def test_what_was_flashed_before_there_was_a_key(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the archive without a signature, and neither a user nor a health check brings it back."""
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(version="1.0")})
    await install(home)
    checked = {CONF_HEALTH_URL: "http://127.0.0.9:1/", CONF_HEALTH_WITHIN: 0}
    home.config_entries.async_update_entry(entry, options=entry.options | checked | {CONF_PUBLIC_KEY: KEY.public_key})
    await home.config_entries.async_reload(entry.entry_id)
    await offer(entry, {"garden-2.0.bin": IMAGE, "garden-2.0.bin.minisig": KEY.sign(IMAGE).encode()})
    with pytest.raises(HomeAssistantError) as error:
        await install(home)
    assert error.value.translation_key == "not_rolled_back"
    assert "1.0 isn't signed" in caplog.text
    assert board.version == "2.0"

    board.requests.clear()
    await refused(home, board, "signature_missing", act(home, "install_archived", version="1.0"))
    await refused(home, board, "signature_missing", install(home, "1.0"))


@pytest.fixture
async def unnamed(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> ConfigEntry:
    """A board that was never heard, and trusts a key."""
    entry = await add_board(board, **{CONF_PUBLIC_KEY: KEY.public_key})
    home.config_entries.async_update_entry(entry, title="Shed", data={**entry.data, CONF_NAME: None})
    return entry


@pytest.mark.parametrize("name", ["Garden", "Arduino"])
async def test_a_board_that_was_never_heard_may_be_the_one_that_is_meant(
    home: HomeAssistant, unnamed: ConfigEntry, offer: Offer, board: VirtualBoard, name: str
) -> None:
    """Nothing tells what it is called, nor another one that was never heard and to which nobody has given a title."""
    other = {CONF_HOST: "192.0.2.8", CONF_NAME: None}
    MockConfigEntry(domain=DOMAIN, title="Arduino", data=other).add_to_hass(home)
    image = build_sketch(name=name, version="2.0")
    await offer(unnamed, {"garden-2.0.bin": image, "garden-2.0.bin.minisig": KEY.sign(image).encode()})
    await install(home)
    assert board.flashed == [image]


@pytest.mark.parametrize("is_named", [True, False])
async def test_what_is_signed_for_another_board_is_not_for_one_that_was_never_heard(
    home: HomeAssistant, unnamed: ConfigEntry, offer: Offer, board: VirtualBoard, *, is_named: bool
) -> None:
    """Neither by itself nor by an action. Where nobody has heard that other one, its title is its name."""
    other = {CONF_HOST: "192.0.2.8", CONF_NAME: "Garden" if is_named else None}
    MockConfigEntry(domain=DOMAIN, title="Lawn" if is_named else "Garden", data=other).add_to_hass(home)
    signature = KEY.sign(GARDEN)
    await offer(unnamed, {"garden-2.0.bin": GARDEN, "garden-2.0.bin.minisig": signature.encode()})
    assert [build.hold for build in board_of(home, "Shed").offers.held_back] == [Hold.OTHER_BOARD]
    drop(home, "garden.bin.minisig", signature)
    await refused(home, board, "signature_other_name", act(home, "flash", file=drop(home, "garden.bin", GARDEN)))


async def test_a_manifest_can_name_the_signature(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web
) -> None:
    site.serve("/files/garden.bin", IMAGE)
    site.serve("/files/garden.bin.minisig", KEY.sign(IMAGE))
    site.serve_json("/manifest.json", {"version": "2.0", "path": "files/garden.bin"})
    await add_board(
        board,
        **{CONF_PUBLIC_KEY: KEY.public_key, "source": "manifest", "manifest_url": str(site.at("/manifest.json"))},
    )
    await settled(home)
    await install(home)
    assert board.flashed == [IMAGE]


async def test_a_key_that_is_none_protects_all_the_same(
    home: HomeAssistant, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    entry = await add_board(board, **{CONF_PUBLIC_KEY: "something else"})
    await offer(entry, {"garden-2.0.bin": IMAGE, "garden-2.0.bin.minisig": KEY.sign(IMAGE).encode()})
    await refused(home, board, "signature_bad_public_key", install(home))
