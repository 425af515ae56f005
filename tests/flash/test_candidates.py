"""Which password a sketch will want, as far as can be told before it runs."""

from dataclasses import replace

from custom_components.mkr1000_ota.arduino_ota.flash.passwords import GUESSES, KEPT_PASSWORDS, Keyring, candidates
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.virtual_board.sketches import build_sketch

GARDEN = Sketch.inspect(build_sketch(password="sesame"))


def test_what_is_declared_comes_first() -> None:
    wanted = candidates(GARDEN, Keyring(("old", "sesame")), "old", "declared")
    assert wanted.expected == ("declared", "sesame")
    assert "sesame" not in wanted.guesses, "no password is tried twice"
    assert wanted.declares_another


def test_an_empty_password_can_be_declared() -> None:
    wanted = candidates(GARDEN, Keyring(("old",)), "old", "")
    assert wanted.expected == ("",)
    assert wanted.declares_another


def test_a_known_password_that_stands_in_the_image_is_expected() -> None:
    wanted = candidates(GARDEN, Keyring(("old", "sesame")), "old", None)
    assert wanted.expected == ("sesame",)
    assert not wanted.declares_another


def test_without_any_of_them_the_literals_are_guesses() -> None:
    wanted = candidates(GARDEN, Keyring(("old",)), "old", None)
    assert wanted.expected == ()
    assert wanted.guesses[0] == "sesame"


def test_only_the_likeliest_literals_are_guesses() -> None:
    literals = tuple(f"literal {number}" for number in range(2 * GUESSES))
    assert candidates(replace(GARDEN, passwords=literals), Keyring(), "old", None).guesses == literals[:GUESSES]


def test_the_image_is_believed_before_a_person_who_mistyped() -> None:
    """The old password stands in the image, the declared one does not: the old one will do."""
    assert not candidates(GARDEN, Keyring(("sesame",)), "sesame", "seasme").declares_another
    assert not candidates(GARDEN, Keyring(("sesame",)), "sesame", "sesame").declares_another


def test_an_empty_password_is_in_every_image_and_expected_of_few() -> None:
    """Every literal ends in an empty one."""
    assert "" not in candidates(GARDEN, Keyring(("", "old")), "", None).expected
    empty = Sketch.inspect(build_sketch(password=""))
    assert "" in candidates(empty, Keyring(("",)), "", None).expected


def test_a_keyring_keeps_the_last_ones_once_each() -> None:
    keyring = Keyring()
    for number in range(2 * KEPT_PASSWORDS):
        keyring = keyring.accepted(str(number))
    assert keyring.current == str(2 * KEPT_PASSWORDS - 1)
    assert len(keyring.passwords) == KEPT_PASSWORDS
    assert keyring.accepted("9").passwords[:2] == ("9", keyring.current)
    assert keyring.also("maybe").passwords[:2] == (keyring.current, "maybe")
    assert Keyring().current is None
