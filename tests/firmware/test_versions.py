"""Versions: found in names and tags, and put in order."""

from awesomeversion import AwesomeVersion
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.versions import (
    bare,
    newest_first,
    version_in_name,
    version_of_file,
    version_of_tag,
)


@pytest.mark.parametrize(
    ("stem", "version"),
    [
        ("blinds-1.2.3", "1.2.3"),
        ("blinds_v1.2.3", "1.2.3"),
        ("blinds 1.2", "1.2"),
        ("blinds.1.2.3", "1.2.3"),
        ("1.2.3", "1.2.3"),
        ("v7", "7"),
        ("blinds-2026.11.22", "2026.11.22"),
        ("blinds-1.2.3-rc1", "1.2.3-rc1"),
        ("blinds-1.2.3b2", "1.2.3b2"),
        ("blinds-1.2.3-beta.1", "1.2.3-beta.1"),
        ("blinds-1.2.3+a1b2c3", "1.2.3+a1b2c3"),
        ("mkr1000", None),
        ("mkr-1000", None),
        ("blinds", None),
        ("blinds1.2.3", None),
        ("blinds-1.2.3-old", None),
        ("blinds-1.2.3 (1)", None),
        ("blinds-१.२", None),
        ("", None),
    ],
)
def test_a_version_stands_at_the_end_of_a_name(stem: str, version: str | None) -> None:
    assert version_in_name(stem) == version


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("V.2", "2"),
        ("v1.2.3-rc.1", "1.2.3-rc.1"),
        ("blinds-v1.2.3", "1.2.3"),
        ("release/1.2.3", "1.2.3"),
        ("nightly", "nightly"),
        ("v", "v"),
        ("release/nightly", None),
        ("ünïcode", None),
    ],
)
def test_a_tag_means_a_version(tag: str, version: str | None) -> None:
    assert version_of_tag(tag) == version


@pytest.mark.parametrize(
    ("file", "version"),
    [
        ("blinds-1.2.3.bin", "1.2.3"),
        ("blinds-1.2.3.BIN", "1.2.3"),
        ("blinds-1.2.3.ino.bin", "1.2.3"),
        ("blinds-1.2.3", "1.2.3"),
        ("blinds.ino.bin", None),
    ],
)
def test_a_file_is_named_after_its_version(file: str, version: str | None) -> None:
    assert version_of_file(file) == version


def test_a_leading_v_says_nothing() -> None:
    assert bare("v1.2.3") == bare("1.2.3") == "1.2.3"


def test_the_newest_comes_first() -> None:
    versions = ["1.9", "abc9", "1.10", "1.2.0", "2024-01-10", "1.2.0-rc1", "abc10", "2024-01-02", "1.10.1"]
    expected = ["1.10.1", "1.10", "1.9", "1.2.0", "1.2.0-rc1", "abc10", "abc9", "2024-01-10", "2024-01-02"]
    assert newest_first(versions, str) == expected
    assert newest_first(reversed(versions), str) == expected


def test_what_can_be_compared_is_ordered_as_home_assistant_does() -> None:
    versions = ["1.2.3", "1.2.4", "1.3", "2.0.0b1", "2.0.0", "2026.11.0", "2026.9.1", "0.9", "1.2.3-alpha", "10"]
    ordered = newest_first(versions, str)
    for index, newer in enumerate(ordered):
        for older in ordered[index + 1 :]:
            assert not AwesomeVersion(older) > newer
