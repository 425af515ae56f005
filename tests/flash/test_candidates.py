"""Which password a sketch will want, as far as can be told before it runs."""

from dataclasses import replace

from custom_components.mkr1000_ota.arduino_ota.flash.passwords import KEPT_PASSWORDS, Keyring, candidates, stands_in
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.virtual_board.sketches import build_sketch

GARDEN = replace(Sketch.inspect(build_sketch(password="sesame")), stated_password=None)


def test_what_the_image_states_comes_first_and_then_what_is_declared() -> None:
    stating = replace(GARDEN, stated_password="sesame")
    assert candidates(stating, Keyring(("old", "sesame")), "declared")[0] == ("sesame", "declared")


def test_what_is_declared_comes_before_the_keyring() -> None:
    expected, guesses = candidates(GARDEN, Keyring(("old", "sesame")), "declared")
    assert expected == ("declared", "sesame")
    assert "sesame" not in guesses, "no password is tried twice"


def test_an_empty_password_can_be_declared() -> None:
    assert candidates(GARDEN, Keyring(("old",)), "")[0] == ("",)


def test_a_known_password_that_stands_in_the_image_is_expected() -> None:
    assert candidates(GARDEN, Keyring(("old", "sesame")), None)[0] == ("sesame",)


def test_without_any_of_them_the_literals_are_guesses() -> None:
    expected, guesses = candidates(GARDEN, Keyring(("old",)), None)
    assert expected == ()
    assert guesses[0] == "sesame"


def test_an_empty_password_is_in_every_image_and_expected_of_few() -> None:
    """Every literal ends in an empty one."""
    assert not stands_in(GARDEN, "")
    assert stands_in(Sketch.inspect(build_sketch(password="")), "")


def test_what_no_journal_can_hold_is_left_out() -> None:
    """Bytes that are not UTF-8 are in Python strings what JSON has no room for."""
    strange = replace(GARDEN, stated_password="caf\udce9", passwords=("caf\udce9", "sesame"))
    assert candidates(strange, Keyring(), "\ud800") == ((), ("sesame",))


def test_a_keyring_keeps_the_last_ones_once_each() -> None:
    keyring = Keyring()
    for number in range(2 * KEPT_PASSWORDS):
        keyring = keyring.accepted(str(number))
    assert keyring.current == str(2 * KEPT_PASSWORDS - 1)
    assert len(keyring.passwords) == KEPT_PASSWORDS
    assert keyring.accepted("9").passwords[:2] == ("9", keyring.current)
    assert keyring.also("maybe").passwords[:2] == (keyring.current, "maybe")
    assert Keyring().current is None
