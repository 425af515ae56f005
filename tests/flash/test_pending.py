"""What is written down about a flash can be read again, by this version of the program and by others."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.pending import Pending, Phase
from custom_components.mkr1000_ota.arduino_ota.flash.stored import from_json, is_storable, to_json
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from tests.flash.conftest import PENDING

FULL = replace(
    PENDING,
    phase=Phase.ANSWERED,
    password="s3cret",
    guesses=("a", "b"),
    name="Garden",
    signature="of somebody",
    old_password_in_running=False,
    library=Library.ARDUINOOTA,
    warnings={"little_ram": {"free": "4000"}},
)


@pytest.mark.parametrize("pending", [PENDING, FULL])
def test_it_survives_its_journey_to_the_disk(pending: Pending) -> None:
    again = from_json(Pending, json.loads(json.dumps(to_json(pending))), "pending")
    assert again == pending
    assert again.phase is pending.phase, "a text that is equal to it would be judged otherwise"
    assert again.library is pending.library


def test_a_newer_version_may_have_written_more_and_an_older_one_less() -> None:
    stored = to_json(FULL) | {"a field of tomorrow": [1]}
    del stored["warnings"], stored["old_password_in_running"], stored["storage"]
    read = from_json(Pending, json.loads(json.dumps(stored)), "pending")
    assert read == replace(FULL, warnings={}, old_password_in_running=None, unknown={"a field of tomorrow": [1]})


@pytest.mark.parametrize(
    "damage",
    [
        {"version": None},
        {"size": "4"},
        {"size": True},
        {"started": "yesterday"},
        {"phase": "asleep"},
        {"library": "Arduino"},
        {"expected": "s3cret"},
        {"guesses": ["s3cret", None]},
        {"ota": 1},
        {"old_password": ["s3cret"]},
    ],
)
def test_what_is_damaged_is_said_to_be_unreadable(damage: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as error:
        from_json(Pending, json.loads(json.dumps(to_json(FULL) | damage)), "pending")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("stored", [None, 1, "text", [], {}, {"version": "2.0"}])
def test_what_is_no_record_is_said_to_be_unreadable(stored: Any) -> None:
    with pytest.raises(ValueError, match="^pending$"):
        from_json(Pending, stored, "pending")


def test_text_that_no_journal_can_hold_is_known() -> None:
    assert is_storable("pä ß:x 漢字 🌱")
    assert not is_storable("caf\udce9")
    assert not is_storable("\ud83c")
