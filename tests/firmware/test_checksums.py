"""Lists of SHA-256 sums."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.checksums import find_sha256, is_checksums

SUM, OTHER = "ab" * 32, "cd" * 32


@pytest.mark.parametrize(
    "text",
    [
        f"{OTHER}  other.bin\n{SUM}  blinds.bin\n",
        f"{OTHER} *other.bin\r\n{SUM} *blinds.bin\r\n",
        f"SHA256 (other.bin) = {OTHER}\nSHA256 (blinds.bin) = {SUM}\n",
        f"# made by us\n\n{SUM.upper()}\t./dist/blinds.bin\n",
        f"{SUM}\n",
    ],
)
def test_a_sum_is_found(text: str) -> None:
    assert find_sha256(text, "blinds.bin") == SUM


@pytest.mark.parametrize(
    "text", ["", "nothing here", f"{OTHER}  other.bin", f"{SUM}\n{OTHER}\n", f"{SUM}0  blinds.bin", "abc  blinds.bin"]
)
def test_a_sum_is_not_invented(text: str) -> None:
    assert find_sha256(text, "blinds.bin") is None


@pytest.mark.parametrize(
    ("name", "holds_sums"),
    [
        ("SHA256SUMS", True),
        ("sha256sums.txt", True),
        ("checksums.txt", True),
        ("blinds_1.2.3_checksums.txt", True),
        ("blinds.bin.sha256", True),
        ("other.bin.sha256", False),
        ("blinds.bin", False),
        ("README.md", False),
    ],
)
def test_which_files_hold_sums(name: str, holds_sums: bool) -> None:
    assert is_checksums(name, "blinds.bin") is holds_sums
