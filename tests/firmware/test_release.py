"""Releases, findings, and the catalog of both."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.firmware.integrity import check_announced
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason, sentence
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Catalog, Finding, Release, SourceError

IMAGE = b"sketch"


def release(version: str, file: str = "", **facts: str) -> Release:
    return Release(version=version, identifier=file or version, file=file, password=facts.get("password"))


def test_the_newest_release_is_the_latest() -> None:
    catalog = Catalog.of([release("1.9"), release("1.10"), release("1.8")])
    assert [each.version for each in catalog.releases] == ["1.10", "1.9", "1.8"]
    assert catalog.latest == release("1.10")
    assert catalog.find("1.8") == release("1.8")
    assert catalog.find("1.7") is None
    assert Catalog().latest is None


def test_two_of_one_version_are_both_not_offered() -> None:
    catalog = Catalog.of([release("1.0", "a.bin"), release("v1.0", "b.bin"), release("0.9", "c.bin")])
    assert [each.file for each in catalog.releases] == ["c.bin"]
    assert [(each.file, each.reason, each.message) for each in catalog.findings] == [
        ("a.bin", "duplicate_version", "a.bin and b.bin are both version 1.0"),
        ("b.bin", "duplicate_version", "b.bin and a.bin are both version v1.0"),
    ]


def test_neither_password_nor_address_is_ever_printed() -> None:
    secret = Release(version="1", identifier="http://host/?token=s3cret", password="s3cret", signature="s3cret")
    assert "s3cret" not in repr(secret)
    assert secret.label == "1"


def test_a_refused_sketch_becomes_a_finding() -> None:
    refused = SketchRefused("too_large", "It is too large", {"size": "5"})
    assert Finding.from_error("a.bin", refused) == Finding("a.bin", "too_large", {"size": "5"}, "It is too large")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    class Anything(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return f"<{key}>"

    text = sentence(reason, Anything())
    assert text[0].isupper() or text[0] == "<"
    assert not text.endswith(".")


@pytest.mark.parametrize(
    ("announced", "reason"),
    [
        ({"size": 7}, Reason.SIZE_MISMATCH),
        ({"sha256": "0" * 64}, Reason.SHA256_MISMATCH),
        ({"md5": "0" * 32}, Reason.MD5_MISMATCH),
    ],
)
def test_an_image_must_be_what_was_announced(announced: dict[str, int | str], reason: Reason) -> None:
    with pytest.raises(SourceError) as refused:
        check_announced(IMAGE, Release(version="1", identifier="a", file="a.bin", **announced))  # type: ignore[arg-type]  # one of several fields
    assert refused.value.reason is reason
    assert refused.value.placeholders["file"] == "a.bin"
    check_announced(IMAGE, Release(version="1", identifier="a", size=6))
