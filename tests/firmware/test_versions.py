"""Versions: found in names and tags, and put in the order that their authors mean."""

from itertools import combinations

from awesomeversion import AwesomeVersion
from awesomeversion.exceptions import AwesomeVersionCompareException
from hypothesis import given, strategies as st
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.versions import (
    VERSION,
    bare,
    order,
    series_of,
    version_in_name,
    version_of_file,
    version_of_tag,
)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        # numbers, not digits
        ("1.9", "1.10"),
        ("0.9", "1"),
        ("1.9.9", "2"),
        ("1.2", "1.2.1"),
        ("1.08.00", "1.9"),
        ("9", "10"),
        ("12.5.0.2", "12.5.0.3"),
        ("3.005.000", "3.6.0"),
        # whatever stands in front
        ("v1.2.3", "1.2.4"),
        ("1.2.3", "V1.2.4"),
        ("v.1", "v.2"),
        ("release-1.2", "release-1.3"),
        ("garden-v1.2.3", "garden-v1.2.10"),
        ("garden2-v1.9", "garden2-v1.10"),
        ("mkr1000-1.2", "mkr1000-1.10"),
        ("Version 9", "Version 10"),
        ("r45", "r100"),
        ("rev 3", "rev 4"),
        ("fw1.2", "fw1.3"),
        # git describe
        ("9.2.0", "9.2.0-5-gabc1234"),
        ("9.2.0-5-gabc1234", "9.2.1"),
        ("9.2.0-5-gabc1234", "9.2.0-12-g0f1e2d3"),
        ("9.2.0", "9.2.0-dirty"),
        ("9.2.0-dirty", "9.2.0-1-gabc1234"),
        ("9.2.0-5-gabc1234", "9.2.0-5-gabc1234-dirty"),
        ("1.2.3-rc1-5-gabc1234", "1.2.3-rc2"),
        ("v1.22.0-preview.289.gc3d9123", "v1.22.0"),
        # before a release
        ("1.2.3-rc.1", "1.2.3"),
        ("1.2.3-rc.2", "1.2.3-rc.10"),
        ("1.2.3-rc9", "1.2.3-rc10"),
        ("1.0b2", "1.0"),
        ("1.0a9", "1.0b1"),
        ("1.0b9", "1.0rc1"),
        ("1.2.3-alpha", "1.2.3-beta"),
        ("1.2.3-alpha", "1.2.3-alpha.1"),
        ("2026.11.0.dev20261127", "2026.11.0b0"),
        ("2026.11.0b3", "2026.11.0"),
        ("0.15.0-b7", "0.15.0"),
        ("1.3.0-SNAPSHOT", "1.3.0"),
        ("1.2.9", "1.3.0-dev"),
        ("1.3.0-nightly", "1.3.0-alpha"),
        ("1.3.0-nightly.20261127", "1.3.0"),
        ("7.0-SNAPSHOT-20261101", "7.0-SNAPSHOT-20261127"),
        ("7.0-SNAPSHOT-20261101", "7.0"),
        ("4.1.0-canary.3", "4.1.0"),
        ("2.0.0-M2", "2.0.0-M10"),
        ("2.0.0-M2", "2.0.0"),
        # builds of a release, and what follows it
        ("1.2.3+44", "1.2.3+45"),
        ("1.2.3", "1.2.3+45"),
        ("1.2.3 (9)", "1.2.3 (45)"),
        ("1.2.3 (build 9)", "1.2.3 build 45"),
        ("1.2.3+45", "1.2.4+1"),
        ("build 9", "build 45"),
        ("build-9", "build-45"),
        ("1.33.0-1", "1.33.0-2"),
        ("1.2.3", "1.2.3.post1"),
        ("1.2.3", "1.2.3-hotfix"),
        ("1.2.3-p1", "1.2.3-p2"),
        ("1.1f", "1.1h"),
        ("1.1", "1.1a"),
        ("1.2.3+20261126", "1.2.3+20261127"),
        ("1.2.3+20261127", "1.2.4+20261101"),
        ("1.2.3-2026-11-27", "1.2.4"),
        ("v2-20261127", "v3"),
        # calendars
        ("2025.12.31", "2026.1.1"),
        ("2026.9.1", "2026.11.0"),
        ("26.2", "26.10"),
        ("2026-11-02", "2026-11-10"),
        ("20261126", "20261127"),
        ("2026-11-26", "20261127"),
        ("2026.11.27", "2026.11.27-2"),
        ("20261127-2", "20261127-10"),
        ("202611271205", "202611271432"),
        ("20261127_1205", "20261127_1432"),
        ("2026-11-27_12-05", "2026-11-27_14-32"),
        ("20261127", "20261127a"),
        ("20261127a", "20261127b"),
        ("20261127", "20261127120500"),
        ("nightly-20261126", "nightly-20261127"),
        ("1.9.9", "2026.1.0"),
    ],
)
def test_authors_mean_one_to_be_newer(older: str, newer: str) -> None:
    first, second = order(older), order(newer)
    assert first is not None and second is not None
    assert first < second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.2", "v1.2.0"),
        ("1.2.3", "garden-1.2.3"),
        ("1.2.3-rc.1", "1.2.3RC1"),
        ("1.0b2", "1.0-beta.2"),
        ("1.2.3+abc1234", "1.2.3+def5678"),
        ("1.2.3-5-gabc1234", "1.2.3-5-gdef5678"),
        ("20261127", "2026-11-27"),
        ("2026.11.27", "2026_11_27"),
        ("1.2.3-final", "1.2.3"),
        ("1.2.3-garden", "1.2.3"),
        ("1.2.3-nano_33_iot", "1.2.3"),
        ("1.2.3-kitchen.7", "1.2.3"),
        ("1.2.3 (45)", "1.2.3+45"),
        ("r45", "45"),
    ],
)
def test_authors_mean_the_same(one: str, other: str) -> None:
    """Then time tells which is newer."""
    assert order(one) == order(other) is not None


@pytest.mark.parametrize(
    "version",
    [
        *("latest", "nightly", "abc1234", "1e5f0a2", "garden-fe0193a", "deadbeef", "", "v"),
        "05.11.2026",
        "11-05-2026",
        "v27.11.2026",
        "01122026",
    ],
)
def test_without_a_number_there_is_no_order(version: str) -> None:
    assert order(version) is None


EVERYDAY = [
    *(
        "0.9",
        "0.9.1",
        "1",
        "1.0.0",
        "1.2",
        "1.2.3",
        "1.2.4",
        "v1.2.5",
        "1.10",
        "1.10.1",
        "2.0.0b1",
        "2.0.0b2",
        "2.0.0rc1",
    ),
    *(
        "2.0.0",
        "2.0.1-alpha",
        "2.0.1-beta.1",
        "2.0.1-beta.2",
        "2.0.1-rc.1",
        "2.0.1-rc1",
        "2.0.1",
        "12.5.0.2",
        "12.5.0.3",
    ),
    *(
        "45",
        "100",
        "2025.12.1",
        "2026.1.0",
        "2026.9.1",
        "2026.11.0.dev20261127",
        "2026.11.0b0",
        "2026.11.0b10",
        "2026.11.0",
    ),
    *("20261126", "20261127"),
]


def test_home_assistant_is_not_contradicted() -> None:
    """Where it can compare at all, and with one exception: it takes 20261126 for a build number, not for a date."""
    compared, dates = 0, {"20261126", "20261127"}
    for one, other in combinations(EVERYDAY, 2):
        if len(dates & {one, other}) == 1:
            continue
        try:
            newer = AwesomeVersion(one) > AwesomeVersion(other), AwesomeVersion(other) > AwesomeVersion(one)
        except AwesomeVersionCompareException:
            continue
        first, second = order(one), order(other)
        assert first is not None and second is not None
        assert (first > second, second > first) == newer, (one, other)
        compared += 1
    assert compared > 400


@given(st.text(alphabet="0123456789abcdefgrv.-+_ ()", max_size=40) | st.text(max_size=40))
def test_every_text_has_an_order_or_none(text: str) -> None:
    assert order(text) == order(f" {text} ")


@given(
    *[st.from_regex(r"v?[0-9]{1,3}(\.[0-9]{1,3}){0,3}(-(rc|beta|)\.?[0-9]{1,2})?(\+[0-9]{1,2})?", fullmatch=True)] * 2
)
def test_a_name_in_front_changes_nothing(one: str, other: str) -> None:
    first, second = order(one), order(other)
    named = order(f"garden-{one.upper()}"), order(f"garden-{other}")
    assert named == (first, second)
    assert first is not None and second is not None and (first <= second or second <= first)


@pytest.mark.parametrize(
    ("stem", "version"),
    [
        ("blinds-1.2.3", "1.2.3"),
        ("blinds_v1.2.3", "1.2.3"),
        ("blinds 1.2", "1.2"),
        ("blinds.1.2.3", "1.2.3"),
        ("1.2.3", "1.2.3"),
        ("v7", "7"),
        ("blinds-r45", "r45"),
        ("blinds-build45", "build45"),
        ("blinds-2026.11.22", "2026.11.22"),
        ("blinds-2026-11-22", "2026-11-22"),
        ("blinds_20261122", "20261122"),
        ("blinds-2026.11.27-2", "2026.11.27-2"),
        ("blinds-1.2.3-rc1", "1.2.3-rc1"),
        ("blinds-1.2.3b2", "1.2.3b2"),
        ("blinds-1.1h", "1.1h"),
        ("blinds-1.2.3-beta.1", "1.2.3-beta.1"),
        ("blinds-1.2.3+a1b2c3", "1.2.3+a1b2c3"),
        ("blinds-9.2.0-5-gabc1234", "9.2.0-5-gabc1234"),
        ("blinds-9.2.0-5-gabc1234-dirty", "9.2.0-5-gabc1234-dirty"),
        ("blinds-1.2.3-RC1", "1.2.3-RC1"),
        ("blinds-1.2.3-SNAPSHOT", "1.2.3-SNAPSHOT"),
        ("blinds-1.2.3-preview2", "1.2.3-preview2"),
        ("blinds-1.2.3.post1", "1.2.3.post1"),
        ("blinds-1.2.3 build 45", "1.2.3 build 45"),
        ("blinds-1.2.3-2026-11-27", "1.2.3-2026-11-27"),
        ("blinds_20261122_1205", "20261122_1205"),
        ("blinds-2026-11-22_12-05", "2026-11-22_12-05"),
        ("blinds_v1_9", "1_9"),
        ("blinds-1.2.3-abc1234", "1.2.3"),
        ("blinds-1.2.3-1abc234", "1.2.3"),
        ("blinds-1.2.3.mkr1000", "1.2.3"),
        ("blinds-1.2.3-old", "1.2.3"),
        ("blinds-1.2.3-mkr1000", "1.2.3"),
        ("blinds-1.2.3 (1)", "1.2.3"),
        ("blinds-1.2.3 - Copy", "1.2.3"),
        ("mkr1000", None),
        ("mkr-1000", None),
        ("blinds", None),
        ("blinds1.2.3", None),
        ("blinds-20261322", None),
        ("blinds-१.२", None),
        ("", None),
    ],
)
def test_a_version_stands_in_a_name(stem: str, version: str | None) -> None:
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
        ("9.2.0-5-gabc1234", "9.2.0-5-gabc1234"),
        ("abc1234", "abc1234"),
        ("nightly", "nightly"),
        ("v", "v"),
        ("release/nightly", None),
        ("ünïcode", None),
    ],
)
def test_a_tag_means_a_version(tag: str, version: str | None) -> None:
    assert version_of_tag(tag) == version


@pytest.mark.parametrize(
    ("file", "version", "series"),
    [
        ("blinds-1.2.3.bin", "1.2.3", "blinds"),
        ("Blinds_1.2.3.BIN", "1.2.3", "blinds"),
        ("blinds-1.2.3.ino.bin", "1.2.3", "blinds"),
        ("blinds-1.2.3.ino.mkr1000.bin", "1.2.3", "blinds"),
        ("blinds-1.2.3", "1.2.3", "blinds"),
        ("blinds-1.2.3 (2).bin", "1.2.3", "blinds"),
        ("blinds-1.2.3 - Kopie (2).bin", "1.2.3", "blinds"),
        ("blinds-1.2.3 — kopia.bin", "1.2.3", "blinds"),
        ("blinds-1.2.3 - co\u0301pia 2.bin", "1.2.3", "blinds"),
        ("blinds-1.2.3 - コピー.bin", "1.2.3", "blinds"),
        ("Lu\u0308fter-1.2.3.bin", "1.2.3", "lüfter"),
        ("garden shed-v2.bin", "2", "gardenshed"),
        ("garden_shed-2.0.bin", "2.0", "gardenshed"),
        ("garden-mkr1000-2.0.bin", "2.0", "gardenmkr1000"),
        ("blinds.ino.bin", None, "blinds"),
        ("blinds.ino.mkr1000.bin", None, "blinds"),
        ("blinds.ino (1).bin", None, "blinds"),
        ("sketch_nov27a.ino.bin", None, ""),
        ("1.2.3.bin", "1.2.3", ""),
        ("garden-v1.2.3", "1.2.3", "garden"),
    ],
)
def test_a_file_is_named_after_its_series_and_its_version(file: str, version: str | None, series: str) -> None:
    assert (version_of_file(file), series_of(file)) == (version, series)


@pytest.mark.parametrize("length", [30, 128, 1000])
def test_what_is_too_long_to_be_shown_is_no_version(length: int) -> None:
    """It becomes the state of an entity: Home Assistant takes 255 characters, and its hash may have to go behind it."""
    number = ".".join("1" * length)
    expected = number if length == 30 else None
    assert (version_of_file(f"garden-{number}.bin"), version_of_tag(f"v{number}")) == (expected, expected)


def test_a_leading_v_says_nothing() -> None:
    assert bare("v1.2.3") == bare("1.2.3") == bare("V.1.2.3") == "1.2.3"
    assert bare("version") == "version"


def test_what_may_be_a_version() -> None:
    good = ["1.2.3", "2.0.0-rc.1+45", "1.2.3 (45)", "1.2.3 (build 45)", "build 45", "1.2 build 45", "x" * 64]
    bad = ["", "not a version", "one dot two", "-1", "1:2", "1.2.3 (", "1.2\n", "१.२", "x" * 65, "1 (not a build)"]
    assert [each for each in good + bad if VERSION.fullmatch(each)] == good
