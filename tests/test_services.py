"""The actions: what they answer, what they refuse, and who may call them."""

import hashlib
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockUser
import voluptuous as vol

from custom_components.mkr1000_ota import services
from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.sketch import OVERRIDABLE
from custom_components.mkr1000_ota.const import CONF_WAIT, DOMAIN
from custom_components.mkr1000_ota.coordinator import Stage
from tests.conftest import AddBoard, StartBoard
from tests.support.actions import FIRMWARE, act, board_of, drop, press_cancel, shown, until_stage
from tests.support.flow_texts import ENGLISH
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch
from tests.web import Web

IMAGE = build_sketch(name="Garden", password="sesame", version="2.0")
SILENT = build_sketch(version="2.0", quirks=Quirks(begin=False, poll=False))


async def test_flashing_a_file(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    entry = await add_board(board)
    report = await act(home, "flash", file=drop(home, "garden.bin", IMAGE))
    assert report["seconds"] > 0
    assert report | {"seconds": 0} == {
        "from": None,
        "to": "2.0",
        "bytes": len(IMAGE),
        "seconds": 0,
        "verdict": "flashed",
    }
    assert board.flashed == [IMAGE]
    assert entry.data[CONF_PASSWORD] == "sesame"


async def test_flashing_from_an_address(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web
) -> None:
    await add_board(board)
    report = await act(home, "flash", url=str(site.serve("/sketches/garden.bin", IMAGE)))
    assert report["to"] == "2.0"
    assert board.flashed == [IMAGE]


@pytest.mark.parametrize(
    ("image", "name", "given", "version"),
    [
        (IMAGE, "garden-1.9.bin", "1.8", "2.0"),
        (build_sketch(), "garden-1.9.bin", "1.8", "1.8"),
        (build_sketch(), "garden-1.9.bin", None, "1.9"),
        (build_sketch(), "garden-1.9.ino.bin", None, "1.9"),
        (build_sketch(), "garden.bin", None, None),
    ],
    ids=["in the sketch", "given", "in the name", "as the IDE exports it", "none"],
)
async def test_what_the_sketch_is_called(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    image: bytes,
    name: str,
    given: str | None,
    version: str | None,
) -> None:
    entry = await add_board(board)
    fields = {"version": given} if given else {}
    report = await act(home, "flash", file=drop(home, name, image), **fields)
    flashed = entry.runtime_data.coordinator.record.history[0]
    assert report["to"] == flashed.version == (version or flashed.sha256[:8])


async def test_builds_of_one_version_are_told_apart(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """A build server has them all called alike, and each can be gone back to."""
    await add_board(board)
    builds = [build_sketch(version="v2.0", seed=seed) for seed in range(2)]
    reports = [await act(home, "flash", file=drop(home, "garden.bin", build)) for build in builds]
    rebuild = f"2.0 ({hashlib.sha256(builds[1]).hexdigest()[:6]})"
    assert [report["to"] for report in reports] == ["2.0", rebuild]
    assert shown(home, FIRMWARE).attributes["latest_version"] == rebuild
    for build in (builds[0], builds[1]):
        report = await act(home, "install_archived")
        assert board.flashed[-1] == build
    assert report["to"] == rebuild


async def test_a_version_that_is_none(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    await add_board(board)
    with pytest.raises(ServiceValidationError, match="one of these days isn.t a valid version"):
        await act(home, "flash", file=drop(home, "garden.bin", IMAGE), version="one of these days")


@pytest.mark.parametrize(
    ("action", "field", "longest"),
    [
        ("flash", "file", limits.PATH),
        ("flash", "url", limits.URL),
        ("flash", "password", limits.PASSWORD),
        ("flash", "version", limits.LINE),
        ("install_archived", "version", limits.LINE),
    ],
)
async def test_a_text_that_is_longer_than_any_that_is_meant(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, action: str, field: str, longest: int
) -> None:
    """What is stored of it would grow beyond what is read again."""
    await add_board(board)
    sketch = {"file": drop(home, "garden.bin", IMAGE)} if action == "flash" and field != "url" else {}
    with pytest.raises(vol.Invalid, match=field) as refused:
        await act(home, action, **sketch | {field: "x" * (longest + 1)})
    assert "xx" not in str(refused.value)
    assert not board.flashed


@pytest.mark.parametrize("action", ["flash", "install_archived"])
async def test_more_reasons_than_there_are(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, action: str
) -> None:
    await add_board(board)
    sketch = {"file": drop(home, "garden.bin", IMAGE)} if action == "flash" else {}
    with pytest.raises(vol.Invalid, match="allow"):
        await act(home, action, **sketch, allow=["no_ota"] * (len(OVERRIDABLE) + 1))


async def test_without_ota_only_if_it_is_asked_for(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    await add_board(board)
    file = drop(home, "silent.bin", SILENT)
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "flash", file=file)
    assert error.value.translation_key == "sketch_no_ota"
    with pytest.raises(vol.Invalid):
        await act(home, "flash", file=file, allow=["html"])
    report = await act(home, "flash", file=file, allow=["no_ota"])
    assert report["verdict"] == "without_ota"
    assert board.flashed == [SILENT]


async def test_what_was_allowed_once_has_to_be_allowed_again(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard
) -> None:
    """Out of the archive it is no better."""
    await add_board(board)
    await act(home, "flash", file=drop(home, "silent.bin", SILENT), allow=["no_ota"])
    await board.flash_over_usb(IMAGE)
    await board_of(home).async_accept_password("sesame")
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "install_archived", version="2.0")
    assert error.value.translation_key == "sketch_no_ota"
    report = await act(home, "install_archived", version="2.0", allow="no_ota")
    assert report["verdict"] == "without_ota"
    assert board.flashed == [SILENT, SILENT]


def test_what_can_be_allowed_is_offered_in_the_form() -> None:
    form: Any = load_yaml_dict(str(Path(services.__file__).with_suffix(".yaml")))
    for action in form.values():
        select = action["fields"]["allow"]["selector"]["select"]
        assert tuple(select["options"]) == tuple(sorted(OVERRIDABLE))
        assert ENGLISH["selector"][select["translation_key"]]["options"].keys() == OVERRIDABLE


async def test_a_board_that_is_waited_for(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    await add_board(board, **{CONF_WAIT: 5})
    await board.power_off()
    assert await act(home, "flash", file=drop(home, "garden.bin", IMAGE)) == {"verdict": "waiting"}
    await press_cancel(home)
    await until_stage(home, Stage.IDLE)


async def test_many_boards_with_one_call(home: HomeAssistant, add_board: AddBoard, start_board: StartBoard) -> None:
    """All of them at once, each with its own answer."""
    boards = [await start_board(name=name, address=f"127.0.0.{20 + number}") for number, name in enumerate("ABC")]
    for board in boards:
        await add_board(board)
    entities = [f"update.{board.name.lower()}_firmware" for board in boards]
    fields = {"entity_id": entities, "file": drop(home, "garden.bin", IMAGE)}
    reports: Any = await home.services.async_call(DOMAIN, "flash", fields, blocking=True, return_response=True)
    assert {entity: report["verdict"] for entity, report in reports.items()} == dict.fromkeys(entities, "flashed")
    assert [board.flashed for board in boards] == [[IMAGE]] * 3


async def test_which_sketch(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    await add_board(board)
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "flash")
    assert error.value.translation_key == "no_sketch_named"
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "flash", file="/etc/passwd")
    assert error.value.translation_key == "file_not_allowed"
    with pytest.raises(ServiceValidationError) as error:
        await act(home, "flash", file="/etc/passwd", url="http://127.0.0.1/")
    assert error.value.translation_key == "no_sketch_named"
    with pytest.raises(HomeAssistantError) as unusable:
        await act(home, "flash", url="garden.bin")
    assert unusable.value.translation_key == "source_bad_url"
    with pytest.raises(vol.Invalid) as refused:
        await act(home, "flash", file="garden.bin", allow=["everything"])
    assert "Refusal" not in str(refused.value)


async def test_a_sketch_that_cannot_be_had(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, site: Web
) -> None:
    await add_board(board)
    with pytest.raises(HomeAssistantError) as error:
        await act(home, "flash", url=str(site.at("/nothing.bin")))
    assert error.value.translation_key == "source_not_found"
    gone = drop(home, "garden.bin", IMAGE).replace("garden", "gone")
    with pytest.raises(HomeAssistantError) as error:
        await act(home, "flash", file=gone)
    assert error.value.translation_key == "source_file_gone"
    with pytest.raises(ServiceValidationError) as refused:
        await act(home, "flash", url=str(site.serve("/page.bin", "<!doctype html><title>Log in</title>")))
    assert refused.value.translation_key == "sketch_html"
    assert "{" not in str(refused.value)


async def test_in_a_script(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard) -> None:
    """A response variable holds what happened, for the steps that follow."""
    await add_board(board)
    flash = {
        "action": f"{DOMAIN}.flash",
        "target": {"entity_id": FIRMWARE},
        "data": {"file": drop(home, "garden.bin", IMAGE)},
        "response_variable": "flashed",
    }
    tell = {"stop": "done", "response_variable": "answer"}
    verdict = "{{ {'verdict': flashed['update.arduino_firmware'].verdict} }}"
    sequence = [flash, {"variables": {"answer": verdict}}, tell]
    assert await async_setup_component(home, "script", {"script": {"night": {"sequence": sequence}}})
    answer = await home.services.async_call("script", "night", blocking=True, return_response=True)
    assert answer == {"verdict": "flashed"}


@pytest.fixture
async def guest(home: HomeAssistant) -> User:
    """Somebody who may look at everything and use it, but is no administrator."""
    user = MockUser(groups=[await home.auth.async_get_group("system-users")])  # type: ignore[list-item]  # it is there
    return user.add_to_hass(home)


async def test_only_administrators_flash(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, guest: User
) -> None:
    """As for Home Assistant's own action; and nobody else reads files or asks addresses."""
    await add_board(board)
    file = drop(home, "garden.bin", IMAGE)
    for action, fields in {
        "flash": {"entity_id": FIRMWARE, "file": file},
        "install_archived": {"entity_id": FIRMWARE},
    }.items():
        with pytest.raises(Unauthorized):
            await home.services.async_call(
                DOMAIN, action, fields, blocking=True, return_response=True, context=Context(user_id=guest.id)
            )
    assert not any(request.body_bytes for request in board.requests)


async def test_they_are_there_without_a_board(home: HomeAssistant) -> None:
    assert await async_setup_component(home, DOMAIN, {})
    assert set(home.services.async_services_for_domain(DOMAIN)) == {"flash", "install_archived"}
