"""The English texts: each thing that the product can say has one, in the words of the glossary, and none stands twice."""

import ast
from collections import Counter
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

import pytest

from custom_components.mkr1000_ota.arduino_ota import errors as board_errors
from custom_components.mkr1000_ota.arduino_ota.firmware.belonging import Hold
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from custom_components.mkr1000_ota.arduino_ota.sketch.findings import SENTENCES, Caution, Refusal
from custom_components.mkr1000_ota.coordinator import IDLE, Stage
from custom_components.mkr1000_ota.errors import board_error
from custom_components.mkr1000_ota.install.health_check import UNHEALTHY
from custom_components.mkr1000_ota.install.outcome import FAILED, ROLLED_BACK
from custom_components.mkr1000_ota.issues import Kind

INTEGRATION = Path(__file__).parent.parent / "custom_components" / "mkr1000_ota"
ENGLISH: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
MESSAGES = {key: text["message"] for key, text in ENGLISH["exceptions"].items()}

# What users do not say, and what they say instead.
GLOSSARY = {
    r"answers?|answered": "responds",
    r"host names?": "hostname",
    r"hardware address(es)?": "MAC address",
    r"is asked|wants|takes a password": "is checked, uses, accepts",
    r"away": "offline",
    r"(come|comes|came) back(?! online)": "come back online",
    r"set up already|any more": "already set up, no longer",
    r"flash(es|ed|ing)?|(flashed|go|goes) back": "install, update, roll back",
    r"log says": "see the log for details",
    r"to be had|holds?|bears?|lies|stands?|mend|beside": "available, contains, has, is, fix, next to",
    r"cancelled|misspelt|licence": "canceled, misspelled, license",
    r"cannot be (read|reached|written|trusted)|was not what": "say who cannot do what",
    r"choose|please|successfully": "select, and nothing",
}
# The memory, which is called that.
ALLOWED = re.compile(r"(internal|serial) flash", re.IGNORECASE)

OF_BOARDS = [
    board_errors.BoardUnreachable("x"),
    board_errors.HostUnknown("x"),
    board_errors.BoardSilent("x"),
    board_errors.PollsTooRarely(20.0),
    board_errors.NotABoard("x"),
    board_errors.AnotherBoard("x"),
    board_errors.WrongPassword("x"),
    board_errors.StorageFailed("x"),
    board_errors.SketchTooLarge("x"),
    board_errors.UploadCut(1, 2),
    board_errors.UploadCut(1, 2, same_time=True),
    board_errors.UploadStalled(1, 2, 3.0),
    board_errors.UploadRejected(418),
    board_errors.AnswerLost("x"),
    board_errors.BoardError("x"),
]


def leaves(tree: dict[str, Any], path: str = "") -> list[tuple[str, str]]:
    """Return every text with its path."""
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        found += leaves(value, f"{path}{key}.") if isinstance(value, dict) else [(f"{path}{key}", value)]
    return found


def fields(text: str) -> set[str]:
    """Return the placeholders of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_says_in_home_assistant_what_it_says_at_the_command_line(refusal: Refusal) -> None:
    assert MESSAGES[f"sketch_{refusal}"] == f"{{file}}: {SENTENCES[refusal]}"


@pytest.mark.parametrize("caution", Caution)
def test_a_warning_says_in_home_assistant_what_it_says_at_the_command_line(caution: Caution) -> None:
    assert MESSAGES[f"warning_{caution}"] == SENTENCES[caution]


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_has_a_text_that_uses_what_it_knows(reason: Reason) -> None:
    keys = {f"source_{reason}", f"signature_{reason}"} & MESSAGES.keys()
    assert keys
    for key in keys:
        assert fields(MESSAGES[key]) - {"file"} <= fields(reason.sentence)


def test_no_text_is_left_of_a_reason_that_is_gone() -> None:
    families = {"sketch": Refusal, "warning": Caution, "signature": Reason, "source": Reason}
    known = {f"{family}_{code}" for family, codes in families.items() for code in list[str](codes)}
    beside = {"signature_missing", "source_bad_version"}
    assert {key for key in MESSAGES if key.partition("_")[0] in families} <= known | beside


@pytest.mark.parametrize("error", OF_BOARDS, ids=lambda error: type(error).__name__)
def test_an_error_of_a_board_has_a_text_whose_placeholders_are_filled(error: board_errors.BoardError) -> None:
    translated = board_error(error, "Garden", "192.0.2.7")
    text = MESSAGES[str(translated.translation_key)]
    assert fields(text) <= (translated.translation_placeholders or {}).keys()
    assert "{" not in text.format_map(translated.translation_placeholders or {})


def test_every_error_of_a_board_is_among_these() -> None:
    kinds = {kind for kind in vars(board_errors).values() if isinstance(kind, type)}
    assert {kind for kind in kinds if issubclass(kind, board_errors.BoardError)} == {type(one) for one in OF_BOARDS}


def test_each_repair_stage_and_hold_has_its_text() -> None:
    assert ENGLISH["issues"].keys() == set(Kind)
    assert {f"status_{stage}" for stage in Stage if stage is not IDLE.stage} <= MESSAGES.keys()
    told = {key.removeprefix("held_back_") for key in MESSAGES if key.startswith("held_back_")}
    assert told == set(Hold)


def test_each_result_of_an_update_has_its_text() -> None:
    states = ENGLISH["entity"]["event"]["update_result"]["state_attributes"]["event_type"]["state"]
    assert states.keys() == {*Verdict, FAILED, ROLLED_BACK, UNHEALTHY}


@pytest.mark.parametrize("replaced", GLOSSARY)
def test_the_words_are_those_of_the_glossary(replaced: str) -> None:
    word = re.compile(rf"\b({replaced})\b", re.IGNORECASE)
    found = {path: text for path, text in leaves(ENGLISH) if word.search(ALLOWED.sub("", text))}
    assert not found, GLOSSARY[replaced]


def test_no_sentence_stands_twice() -> None:
    """Labels do: a field is called the same in each form."""
    counted = Counter(text for _, text in leaves(ENGLISH) if text.count(" ") > 4)
    assert not [text for text, times in counted.items() if times > 1]


def test_no_text_is_left_of_what_nobody_says() -> None:
    """A key that stands nowhere in the code, whole or as the end of a family, is one that nobody says."""
    written = {
        node.value
        for file in INTEGRATION.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    families = ("sketch_", "source_", "signature_", "warning_", "status_", "held_back_", "verdict_")
    assert not [key for key in MESSAGES if key not in written and not key.startswith(families)]
