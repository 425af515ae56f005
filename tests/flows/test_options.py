"""The options of a board: one subject a form, taken over without a reload."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from yarl import URL

from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from custom_components.mkr1000_ota.flows.forms import UNCHANGED
from tests.conftest import AddBoard
from tests.firmware.signed import KEY, KEY_FILE
from tests.support.flow_texts import says
from tests.support.mending import settle
from tests.support.options import open_options, shown, submit
from tests.virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("settled_in_the_end", "texts")

SUBJECTS = [
    (("source", "folder"), {"folder": "firmware"}),
    (("signing",), {"public_key": KEY}),
    (("health",), {"health_within": 90, "health_entity": "sensor.garden"}),
    (("storage",), {"storage": "sd"}),
    (("waiting",), {"wait_minutes": 5}),
]


async def test_the_menu_leads_everywhere(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry)
    assert result["menu_options"] == ["source", "upload", "signing", "health", "storage", "waiting"]
    assert result["description_placeholders"]["name"] == "Arduino"
    result = await open_options(home, entry, "source")
    assert result["menu_options"] == ["folder", "manifest", "github"]


@pytest.mark.parametrize(("steps", "entered"), SUBJECTS, ids=[steps[-1] for steps, _ in SUBJECTS])
async def test_a_subject_is_changed_and_all_else_is_kept(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, steps: tuple[str, ...], entered: dict[str, Any]
) -> None:
    entry = await add_board(board)
    before = dict(entry.options)
    result = await submit(home, await open_options(home, entry, *steps), **entered)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    source = {"source": "folder"} if steps[0] == "source" else {}
    assert entry.options == before | entered | source
    assert shown(await open_options(home, entry, *steps)).items() >= entered.items()


@pytest.mark.parametrize(("steps", "entered"), SUBJECTS, ids=[steps[-1] for steps, _ in SUBJECTS])
async def test_saving_makes_nothing_unavailable(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, steps: tuple[str, ...], entered: dict[str, Any]
) -> None:
    entry = await add_board(board)
    await settle(home)
    runtime = entry.runtime_data
    changes: list[str] = []

    def note(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if old is None or new is None or old.state != new.state:
            changes.append(event.data["entity_id"])

    home.bus.async_listen(EVENT_STATE_CHANGED, note)
    await submit(home, await open_options(home, entry, *steps), **entered)
    await settle(home)
    assert entry.runtime_data is runtime
    # Nor is it a line in the activity log.
    assert not changes


async def test_saving_does_not_break_off_an_upload(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    coordinator = entry.runtime_data.coordinator
    coordinator.set_state(uploading := InstallState(Stage.UPLOADING, "1.0", 1, 2))
    result = await submit(home, await open_options(home, entry, "storage"), storage="sd")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert coordinator.state is uploading
    assert coordinator.storage == "sd"
    coordinator.set_state(IDLE)


async def test_what_is_saved_in_another_tab_meanwhile_stays(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_board(board)
    first, second = await open_options(home, entry, "waiting"), await open_options(home, entry, "storage")
    sources = entry.runtime_data.coordinator.sources
    switch = sources.async_switch

    async def switch_slowly() -> None:
        monkeypatch.setattr(sources, "async_switch", switch)
        await submit(home, second, storage="sd")

    monkeypatch.setattr(sources, "async_switch", switch_slowly)
    await submit(home, first, wait_minutes=5)
    assert entry.options.items() >= {"storage": "sd", "wait_minutes": 5}.items()


async def test_a_field_that_is_left_empty_is_forgotten(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board, health_url="http://{host}/", health_entity="sensor.garden", health_within=30)
    result = await open_options(home, entry, "health")
    assert result["description_placeholders"]["host_placeholder"] == "{host}"
    await submit(home, result, health_within=60)
    assert not {"health_url", "health_entity"} & entry.options.keys()


async def test_the_password_of_a_health_check_is_not_shown(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    url = "http://me:s@cr:et@{host}:80/check?board={host}&mail=a:b@c"
    entry = await add_board(board)
    await submit(home, await open_options(home, entry, "health"), health_url=url, health_within=60)
    assert entry.options["health_url"] == url
    result = await open_options(home, entry, "health")
    assert shown(result)["health_url"] == url.replace("s@cr:et", UNCHANGED)
    await submit(home, result, **shown(result) | {"health_within": 30})
    assert entry.options["health_within"] == 30
    assert URL(entry.options["health_url"]) == URL(url)
    assert entry.options["health_url"].endswith("@{host}:80/check?board={host}&mail=a:b@c")
    # It is meant for no other server.
    elsewhere = f"http://me:{UNCHANGED}@other.example/"
    before = entry.options["health_url"]
    result = await submit(home, await open_options(home, entry, "health"), health_url=elsewhere, health_within=30)
    assert result["errors"] == {"health_url": "password_again"}
    assert entry.options["health_url"] == before


async def test_a_number_is_stored_as_one(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    await submit(home, await open_options(home, entry, "waiting"), wait_minutes=90.0)
    assert repr(entry.options["wait_minutes"]) == "90"


async def test_a_key_file_is_understood(home: HomeAssistant, board: VirtualBoard, add_board: AddBoard) -> None:
    entry = await add_board(board)
    await submit(home, await open_options(home, entry, "signing"), public_key=KEY_FILE)
    assert entry.options["public_key"] == KEY
    await submit(home, await open_options(home, entry, "signing"))
    assert "public_key" not in entry.options


@pytest.mark.parametrize(
    ("step", "entered", "key"),
    [
        ("health", {"health_url": "{host}/health", "health_within": 60}, "source_bad_url"),
        ("health", {"health_url": "ftp://{host}/", "health_within": 60}, "source_bad_url"),
        ("health", {"health_url": "http://[::1", "health_within": 60}, "source_bad_url"),
        ("health", {"health_url": "http://{hots}/", "health_within": 60}, "source_bad_url"),
    ],
)
async def test_what_cannot_keep_anything_away_is_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, step: str, entered: dict[str, Any], key: str
) -> None:
    entry = await add_board(board)
    before = dict(entry.options)
    result = await submit(home, await open_options(home, entry, step), **entered)
    assert result["errors"] == {next(iter(entered)): "problem"}
    assert says(result, key)
    assert shown(result) == entered
    assert entry.options == before


@pytest.mark.parametrize(
    ("key", "error"),
    [("RWT7", "bad_public_key"), ("RWQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "weak_public_key")],
)
async def test_a_key_that_protects_nothing_is_refused(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, key: str, error: str
) -> None:
    entry = await add_board(board)
    result = await submit(home, await open_options(home, entry, "signing"), public_key=key)
    assert result["errors"] == {"public_key": error}
    assert "public_key" not in entry.options


async def test_options_of_an_entry_that_is_not_loaded_count_when_it_is(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard
) -> None:
    entry = await add_board(board)
    await home.config_entries.async_unload(entry.entry_id)
    await submit(home, await open_options(home, entry, "storage"), storage="sd")
    assert entry.state is ConfigEntryState.NOT_LOADED
    await home.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.coordinator.storage == "sd"


async def test_options_that_are_saved_in_the_middle_of_a_set_up_count(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_board(board)
    form = await open_options(home, entry, "source", "folder")
    begun, go_on, forward = asyncio.Event(), asyncio.Event(), home.config_entries.async_forward_entry_setups

    async def forward_late(*given: Any) -> None:
        begun.set()
        await go_on.wait()
        await forward(*given)

    monkeypatch.setattr(home.config_entries, "async_forward_entry_setups", forward_late)
    reloading = asyncio.create_task(home.config_entries.async_reload(entry.entry_id))
    await begun.wait()
    saving = asyncio.create_task(submit(home, form, folder="firmware"))
    await asyncio.wait((saving,), timeout=0.1)
    go_on.set()
    assert await reloading
    assert (await saving)["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["folder"] == "firmware"
    assert entry.runtime_data.coordinator.sources.chosen.source.directory.name == "firmware"


@pytest.mark.parametrize("step", ["source", "storage", "upload"])
async def test_a_board_can_be_removed_while_its_dialog_is_open(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, step: str
) -> None:
    entry = await add_board(board)
    result = await open_options(home, entry)
    await home.config_entries.async_remove(entry.entry_id)
    result = await home.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})
    assert result["reason"] == "removed"


async def test_a_board_can_be_removed_while_they_are_taken_over(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await add_board(board)
    await settle(home)

    async def remove() -> None:
        await home.config_entries.async_remove(entry.entry_id)

    monkeypatch.setattr(entry.runtime_data.coordinator.sources.uploads, "async_refresh", remove)
    result = await submit(home, await open_options(home, entry, "storage"), storage="sd")
    assert result["reason"] == "removed"


async def test_a_board_that_is_unloaded_while_they_are_taken_over_leaves_its_source(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it is looked at for good."""
    entry = await add_board(board)
    await settle(home)
    sources = entry.runtime_data.coordinator.sources

    async def unload() -> None:
        assert await home.config_entries.async_unload(entry.entry_id)

    monkeypatch.setattr(sources.uploads, "async_refresh", unload)
    home.config_entries.async_update_entry(entry, options={**entry.options, "folder": "firmware"})
    await sources.async_switch()
    assert not sources.chosen.users
