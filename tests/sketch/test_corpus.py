"""Hundreds of files, good ones and every kind of bad one: none is judged wrongly, and what is found is true."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import MOST_CANDIDATES, Sketch, SketchRefused
from tests.virtual_board.corpus import Specimen, corpus

pytestmark = pytest.mark.slow

# Where begin() is not called like a function that one knows, the name need not be found, nor the password at once.
OBSCURE = ("begin() inlined", "call not recognisable")


@pytest.fixture(scope="module")
def specimens() -> list[Specimen]:
    """The whole corpus."""
    return list(corpus())


@pytest.fixture(scope="module")
def sketches(specimens: list[Specimen]) -> list[tuple[Specimen, Sketch]]:
    """All good ones, inspected."""
    return [
        (specimen, Sketch.inspect(specimen.image, storage_size=specimen.storage_size))
        for specimen in specimens
        if specimen.good
    ]


def refusal(specimen: Specimen) -> str | None:
    """Why a specimen is refused, None if it is not."""
    try:
        Sketch.inspect(specimen.image, storage_size=specimen.storage_size)
    except SketchRefused as refused:
        return refused.reason
    return None


def test_there_are_enough_of_them(specimens: list[Specimen]) -> None:
    """As many as were asked for, of both kinds."""
    assert len(specimens) >= 200
    assert min(sum(one.good for one in specimens), sum(not one.good for one in specimens)) >= 100


def test_no_good_sketch_is_refused(specimens: list[Specimen]) -> None:
    """An owner is never kept from flashing what would work."""
    assert [(one.name, reason) for one in specimens if one.good and (reason := refusal(one))] == []


def test_no_bad_file_passes_and_each_is_refused_for_what_it_is(specimens: list[Specimen]) -> None:
    """A board never gets what would kill it."""
    judged = [(one.name, one.kind, refusal(one)) for one in specimens if not one.good]
    wrong = [(name, kind, reason) for name, kind, reason in judged if kind not in (reason, "damaged") or not reason]
    assert wrong == []


def test_what_a_sketch_says_of_itself_is_found(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """Library, version and, unless a compiler has put begin() elsewhere, the name."""
    wrong = [
        (one.name, sketch)
        for one, sketch in sketches
        if (sketch.library, sketch.version, sketch.ota) != (one.library, one.version, True)
        or (sketch.name != one.name_in_sketch and not (one.kind in OBSCURE and sketch.name is None))
    ]
    assert wrong == []


def test_the_password_is_among_the_candidates_wherever_it_is_in_the_image(
    sketches: list[tuple[Specimen, Sketch]],
) -> None:
    """It is the first one, unless a compiler has put begin() elsewhere; and there are never too many."""
    ranks = [
        (
            one.name,
            sketch.passwords.index(one.password) if one.password in sketch.passwords else None,
            one.kind in OBSCURE,
        )
        for one, sketch in sketches
        if one.password_findable
    ]
    assert [(name, rank) for name, rank, obscure in ranks if rank is None or (rank > 0 and not obscure)] == []
    assert max(len(sketch.passwords) for _, sketch in sketches) <= MOST_CANDIDATES


def test_the_password_is_recognised_as_a_literal(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """So a password that is known already can be told to be the one of a new sketch."""
    assert [
        one.name for one, sketch in sketches if one.password_findable and not sketch.has_literal(one.password)
    ] == []


def test_no_password_is_printed_by_accident(sketches: list[tuple[Specimen, Sketch]]) -> None:
    """Neither logs nor error reports show what is in an image."""
    telling = [one.name for one, sketch in sketches if len(one.password) > 3 and one.password in repr(sketch)]
    assert [name for name in telling if "mkr1000" not in name] == []
