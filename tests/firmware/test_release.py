"""Releases, findings, and the catalog of both."""

from datetime import UTC, datetime

import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Finding, Release, SourceError
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.virtual_board.sketches import build_sketch

IMAGE = b"sketch"


def test_a_catalog_keeps_what_a_source_has_as_it_is() -> None:
    releases = [Release(identifier=file, version="1.0", file=file) for file in ("b.bin", "a.bin")]
    finding = Finding.of("c.bin", Reason.LINK)
    assert Catalog.of([releases[0], finding, releases[1]]) == Catalog(tuple(releases), (finding,))


def test_what_has_the_same_content_is_one_release_that_knows_what_both_know() -> None:
    first = Release(identifier="a", file="a.bin", sha256="0" * 64, notes="first")
    second = Release(identifier="b", file="b.bin", sha256="0" * 64, notes="second", password="")
    (release,) = Catalog.of([first, second]).releases
    assert (release.identifier, release.notes, release.password) == ("a", "first", "")


@pytest.mark.slow
def test_too_many_findings_are_one_that_counts() -> None:
    findings = Catalog.of(Finding.of(f"{number}.bin", Reason.LINK) for number in range(58_000)).findings
    assert len(findings) == limits.FINDINGS + 1
    assert findings[-1].message == "57980 more files cannot be offered"


def test_neither_password_nor_address_is_ever_printed() -> None:
    secret = Release(version="1", identifier="http://host/?token=s3cret", password="s3cret", signature="s3cret")
    assert "s3cret" not in repr(secret)
    assert secret.label == "1"


def test_a_refused_sketch_becomes_a_finding() -> None:
    refused = SketchRefused("too_large", "It is too large", {"size": "5"})
    finding = Finding.from_error("a.bin", refused, model="mkr1000")
    assert finding == Finding("a.bin", "too_large", {"size": "5"}, "It is too large", "mkr1000")


def test_foreign_text_in_a_reason_is_fit_to_be_shown() -> None:
    finding = Finding.of("a\u202e\ud800\x1b.bin" + "x" * 999, Reason.UNSUPPORTED_BOARD, board="esp\u200b32")
    assert finding.file == ("a\ufffd .bin" + "x" * 999)[: limits.LINE - 1] + "…"
    assert finding.placeholders == {"file": finding.file, "board": "esp32"}
    assert finding.file in finding.message


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    class Anything(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return f"<{key}>"

    text = reason.sentence.format_map(Anything())
    assert text[0].isupper() or text[0] == "<"
    assert not text.endswith(".")


@pytest.mark.parametrize(
    ("announced", "reason"), [({"size": 7}, Reason.SIZE_MISMATCH), ({"sha256": "0" * 64}, Reason.SHA256_MISMATCH)]
)
def test_an_image_must_be_what_was_announced(announced: dict[str, int | str], reason: Reason) -> None:
    with pytest.raises(SourceError) as refused:
        Release(identifier="a", file="a.bin", **announced).verify(IMAGE)  # type: ignore[arg-type]  # one of several fields
    assert refused.value.reason is reason
    assert refused.value.placeholders["file"] == "a.bin"
    Release(identifier="a", size=6).verify(IMAGE)


def test_an_image_knows_best_what_it_is() -> None:
    declared = Release(identifier="a", version="9.9", password="sesame", published=datetime(2026, 11, 22, tzinfo=UTC))
    sketch = Sketch.inspect(build_sketch(version="v1.2", name="Garden"))
    release = declared.with_facts(sketch)
    assert (release.version, release.name, release.model) == ("1.2", "Garden", "mkr1000")
    assert (release.size, release.sha256, release.password) == (sketch.size, sketch.sha256, "sesame")
    assert declared.with_facts(Sketch.inspect(build_sketch())).version == "9.9"


def test_an_image_for_another_model_than_it_is_declared_for_is_refused() -> None:
    with pytest.raises(SourceError) as refused:
        Release(identifier="a", file="a.bin", board="nano_33_iot").with_facts(Sketch.inspect(build_sketch()))
    assert refused.value.reason is Reason.DECLARED_FOR_OTHER_BOARD
    assert refused.value.placeholders == {"file": "a.bin", "board": "nano_33_iot", "model": "mkr1000"}
