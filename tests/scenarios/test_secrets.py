"""No password is ever told: in a state, an event, an issue, an answer or the log, whatever happens to a board."""

import base64
import errno
import hashlib
import json
import logging
import os
from typing import Any

from homeassistant.const import CONF_PASSWORD, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.journal import JournalUnwritable
from custom_components.mkr1000_ota.const import CONF_HEALTH_ENTITY, CONF_HEALTH_WITHIN
from tests.conftest import AddBoard, Offer, StartBoard
from tests.support.actions import act, drop, install, reauths
from tests.virtual_board import Firmware
from tests.virtual_board.sketches import Quirks, build_sketch

FIRST, SECOND, THIRD, FOURTH, WRONG = (f"Zq7-{word}-9x" for word in ("one", "two", "three", "four", "no"))
COMPUTED = build_sketch(password=FOURTH, version="4.0", quirks=Quirks(computed=True))


def sketch(version: str, password: str) -> dict[str, bytes]:
    """Return a sketch with what describes it."""
    return {
        f"garden-{version}.bin": build_sketch(password=password, version=version),
        f"garden-{version}.json": json.dumps({"password": password}).encode(),
    }


def encoded(password: str) -> str:
    """Return what goes over the air."""
    return base64.b64encode(f"arduino:{password}".encode()).decode()


@pytest.mark.slow
async def test_a_whole_story(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    offer: Offer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Flashed, refused, flashed back, locked, and opened again, with everything logged that can be."""
    caplog.set_level(logging.DEBUG)
    events: list[str] = []

    @callback
    def listen(event: Event[Any]) -> None:
        events.append(json_dumps(event.as_dict()))

    home.bus.async_listen(MATCH_ALL, listen)
    told: list[Any] = []
    board = await start_board(password=FIRST, images={_sha256(COMPUTED): Firmware("Arduino", FOURTH, "4.0")})
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: "light.garden", CONF_HEALTH_WITHIN: 0})

    home.states.async_set("light.garden", "on")
    await offer(entry, sketch("2.0", SECOND))
    await install(home)
    home.states.async_set("light.garden", "unavailable")
    await offer(entry, sketch("3.0", THIRD))
    told.append(await _fails(install(home)))
    home.states.async_set("light.garden", "on")
    told.append(await _fails(act(home, "flash", file=drop(home, "page.bin", "<html>"))))
    told.append(await act(home, "install_archived", version="3.0"))
    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(os, "fsync", _full)
        told.append(await _fails(install(home)))
        await entry.runtime_data.coordinator.async_accept_password(THIRD)
        await entry.runtime_data.coordinator.async_accept_password(f"{SECOND}\ud800")
        told.append(await _fails(entry.runtime_data.coordinator.store.update(chosen=f"{SECOND}\udcff")))
    told.append(await _fails(act(home, "flash", file=drop(home, "computed.bin", COMPUTED))))
    (flow,) = reauths(home, entry)
    for password in (WRONG, FOURTH):
        result = await home.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: password})
        told.append({key: value for key, value in result.items() if key != "data_schema"})
    await home.async_block_till_done()
    assert entry.data[CONF_PASSWORD] == board.password == FOURTH

    everything = "\n".join(
        [
            # The memory that stands in for the disk logs what is stored.
            *(record.getMessage() for record in caplog.records if not record.name.startswith("pytest")),
            *events,
            *(json_dumps(state.as_dict()) for state in home.states.async_all()),
            *map(repr, told),
            *(repr(issue) for issue in ir.async_get(home).issues.values()),
            *(repr(device) for device in dr.async_get(home).devices),
            *(repr(entity) for entity in er.async_get(home).entities.values()),
            repr(entry.runtime_data.coordinator.record),
        ]
    )
    assert "Arduino" in everything
    for password in (FIRST, SECOND, THIRD, FOURTH, WRONG):
        assert password not in everything
        assert encoded(password) not in everything


def _full(_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sha256(image: bytes) -> str:
    return hashlib.sha256(image).hexdigest()


async def _fails(what: Any) -> str:
    with pytest.raises((HomeAssistantError, JournalUnwritable)) as error:
        await what
    facts = getattr(error.value, "translation_placeholders", None)
    return f"{error.value} {error.value!r} {error.value.__cause__!r} {facts}"
