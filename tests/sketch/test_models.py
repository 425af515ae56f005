"""Which board an image is for, and that each board gets only its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.hardware import (
    MKR1000,
    MODELS,
    Model,
    is_own_address,
    model_named,
    models_with_mac,
)
from custom_components.mkr1000_ota.arduino_ota.sketch import Refusal, Sketch
from tests.support import new_model
from tests.virtual_board import sketches
from tests.virtual_board.bad_sketches import OTHER_BOARDS, OWN_NUMBERS, OWN_PRODUCT, UNKNOWN_BOARD, WITHOUT_USB
from tests.virtual_board.sketches import GENUINO, MKR_WIFI_1010, NANO_33_IOT, Board, Quirks, build_sketch

DOCS = Path(__file__).parents[2] / "docs/supported-boards.md"
BOARDS = {"mkr1000": sketches.MKR1000, "mkrwifi1010": MKR_WIFI_1010, "nano_33_iot": NANO_33_IOT}
NAMES = {"mkr1000": "Arduino MKR1000", "mkrwifi1010": "Arduino MKR WiFi 1010", "nano_33_iot": "Arduino NANO 33 IoT"}


def refused(image: bytes, model: Model | None = MKR1000) -> SketchRefused:
    """Inspect an image that has to be refused; return the error."""
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(image, model=model)
    return caught.value


def test_all_three_boards_are_models() -> None:
    assert {model.id: model.name for model in MODELS} == NAMES


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_the_docs_say_of_each_model_what_it_is_called_and_was_tried_on(model: Model) -> None:
    table = [line.strip("|").split("|") for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    [row] = [[cell.strip() for cell in row] for row in table if row[0].strip().startswith(model.name)]
    assert row[1:3] == [f"`{model.id}`", ", ".join(f"{library} 1.x" for library in model.libraries)]
    assert row[3]


@pytest.mark.parametrize("built", BOARDS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
@pytest.mark.parametrize("ota", [True, False], ids=["OTA", "no OTA"])
def test_an_image_fits_the_board_that_it_is_built_for_and_no_other(model: Model, built: str, ota: bool) -> None:
    """All three start each other's sketches, and then find no Wi-Fi: whoever did that is told which board was meant."""
    image = build_sketch(library="ArduinoOTA", board=BOARDS[built], quirks=Quirks(begin=ota, poll=ota))
    if built == model.id:
        assert Sketch.inspect(image, model=model, allow=[Refusal.NO_OTA]).model is model
        return
    error = refused(image, model)
    assert error.reason is Refusal.OTHER_BOARD
    assert error.placeholders == {"board": NAMES[built], "expected": model.name}
    assert NAMES[built] in str(error)
    with pytest.raises(SketchRefused):
        Sketch.inspect(image, model=model, allow=[*Refusal])
    assert Sketch.inspect(image, model=None, allow=[Refusal.NO_OTA]).model is model_named(built)


@pytest.mark.parametrize(
    ("board", "library"),
    [
        (GENUINO, "WiFi101OTA"),
        (OWN_PRODUCT, "WiFi101OTA"),
        (OWN_PRODUCT, "ArduinoOTA"),
        (OWN_NUMBERS, "WiFi101OTA"),
        (WITHOUT_USB, "WiFi101OTA"),
        (replace(MKR_WIFI_1010, product="Lamp"), "ArduinoOTA"),
        (replace(NANO_33_IOT, product="Lamp"), "ArduinoOTA"),
    ],
)
def test_usb_numbers_and_the_library_prove_a_board_too(board: Board, library: str) -> None:
    """PlatformIO lets everybody choose a USB product name, and Arduino's core can be built without USB."""
    model = model_named(board.ota_name)
    assert Sketch.inspect(build_sketch(library=library, board=board), model=model).model is model


@pytest.mark.parametrize("board", [WITHOUT_USB, OWN_NUMBERS], ids=["without USB", "USB numbers of its own"])
def test_an_image_that_proves_nothing_needs_its_owners_word(board: Board) -> None:
    image = build_sketch(library="ArduinoOTA", board=board)
    error = refused(image)
    assert error.reason is Refusal.UNKNOWN_BOARD
    assert error.placeholders == {"expected": "Arduino MKR1000"}
    assert Sketch.inspect(image, allow=[Refusal.UNKNOWN_BOARD]).model is None
    assert Sketch.inspect(image, model=None, allow=[Refusal.UNKNOWN_BOARD]).model is None
    assert refused(image, model=None).placeholders == {"expected": ", ".join(model.name for model in MODELS)}


@pytest.mark.parametrize(
    ("board", "model"),
    [
        (replace(MKR_WIFI_1010, product=None), MKR1000),
        (replace(NANO_33_IOT, product=None), MKR1000),
        (WITHOUT_USB, MODELS[1]),
        (OWN_NUMBERS, MODELS[2]),
    ],
)
def test_the_library_of_the_other_wifi_module_gives_an_image_away(board: Board, model: Model) -> None:
    """Even where nothing else tells, and whatever its owner says."""
    image = build_sketch(library="ArduinoOTA", board=board)
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(image, model=model, allow=[Refusal.UNKNOWN_BOARD])
    assert caught.value.reason is Refusal.OTHER_BOARD


def test_two_boards_with_the_same_module_are_not_told_apart_by_it() -> None:
    image = build_sketch(library="ArduinoOTA", board=replace(MKR_WIFI_1010, product=None))
    for model in MODELS[1:]:
        assert refused(image, model).reason is Refusal.UNKNOWN_BOARD
        assert Sketch.inspect(image, model=model, allow=[Refusal.UNKNOWN_BOARD]).model is None


@pytest.mark.parametrize("board", OTHER_BOARDS, ids=lambda board: board.product)
def test_a_sketch_for_another_board_is_refused_by_its_name(board: Board) -> None:
    """The USB product name is in every image, with OTA and without."""
    for quirks in (Quirks(), Quirks(begin=False, poll=False)):
        error = refused(build_sketch(library="ArduinoOTA", board=board, quirks=quirks))
        assert error.reason is Refusal.OTHER_BOARD
        assert error.placeholders["board"] == board.product


def test_a_board_that_nobody_knows_is_told_as_such() -> None:
    assert refused(build_sketch(board=UNKNOWN_BOARD)).reason is Refusal.UNKNOWN_BOARD


@pytest.mark.parametrize("quiet", [False, True], ids=["USB numbers", "product name"])
def test_a_new_model_is_a_row(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    """Even one that was known as another board before: the table of models is all that changes."""
    board = replace(new_model.BOARD, usb_vendor_id=0x1209, usb_product_id=1) if quiet else new_model.BOARD
    image = build_sketch(library="ArduinoOTA", board=board)
    assert refused(image, new_model.ROW).reason is Refusal.OTHER_BOARD
    new_model.add_row(monkeypatch)
    assert Sketch.inspect(image, model=new_model.ROW).model is new_model.ROW
    assert Sketch.inspect(image, model=None).model is new_model.ROW
    assert refused(image).placeholders["board"] == new_model.ROW.name
    for name in (new_model.ROW.id, new_model.ROW.name, "arduino:samd:vidor_ota"):
        assert model_named(name) is new_model.ROW


@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
def test_a_sketch_may_talk_of_other_boards(library: str) -> None:
    """A name alone does not make it one of theirs, nor theirs one of ours."""
    talks = build_sketch(library=library, strings=("Arduino MKR WiFi 1010", "Arduino Zero"))
    assert Sketch.inspect(talks).model is MKR1000
    for board in OTHER_BOARDS:
        pretends = build_sketch(library="ArduinoOTA", strings=("Arduino MKR1000", "mkr1000"), board=board)
        assert refused(pretends).reason is Refusal.OTHER_BOARD


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("mkr1000", "mkr1000"),
        ("MKR1000", "mkr1000"),
        ("Arduino MKR1000", "mkr1000"),
        ("Genuino MKR1000", "mkr1000"),
        ("Arduino MKR 1000 WiFi", "mkr1000"),
        ("MKR WiFi 1000", "mkr1000"),
        ("ARDUINO_SAMD_MKR1000", "mkr1000"),
        ("arduino:samd:mkr1000", "mkr1000"),
        ("arduino:samd:mkr1000:opt=fast", "mkr1000"),
        ("mkrwifi1010", "mkrwifi1010"),
        ("Arduino MKR WiFi 1010", "mkrwifi1010"),
        ("MKR1010", "mkrwifi1010"),
        ("arduino:samd:mkrwifi1010", "mkrwifi1010"),
        ("nano_33_iot", "nano_33_iot"),
        ("Arduino NANO 33 IoT", "nano_33_iot"),
        ("nano-33-iot", "nano_33_iot"),
        ("arduino:samd:nano_33_iot", "nano_33_iot"),
    ],
)
def test_people_write_the_name_of_a_board_in_many_ways(text: str, identifier: str) -> None:
    model = model_named(text)
    assert model is not None
    assert model.id == identifier


@pytest.mark.parametrize("text", ["", "uno", "mkrzero", "arduino:samd", "mkr1000:x", "arduino", "nano", "mkr", ":::"])
def test_other_words_mean_no_model(text: str) -> None:
    assert model_named(text) is None


@pytest.mark.parametrize(
    ("mac", "identifiers"),
    [
        ("f8:f0:05:12:34:56", ["mkr1000"]),
        ("F8-F0-05-12-34-56", ["mkr1000"]),
        ("fc:c2:3d:00:00:01", ["mkr1000"]),
        ("54:10:ec:00:00:01", ["mkr1000"]),
        ("24:0a:c4:00:00:01", ["mkrwifi1010", "nano_33_iot"]),
        ("a4:cf:12:00:00:01", ["mkrwifi1010", "nano_33_iot"]),
        ("00:11:22:33:44:55", []),
        ("fa:f0:05:12:34:56", []),
        ("26:0a:c4:00:00:01", []),
        ("", []),
    ],
)
def test_a_hardware_address_tells_which_module_it_is(mac: str, identifiers: list[str]) -> None:
    """One that somebody made up, as repeaters do, has the bit that says so and is nobody's."""
    assert [model.id for model in models_with_mac(mac)] == identifiers
    assert is_own_address(mac) is bool(identifiers)
