"""Signatures: what a real minisign made is believed, and nothing else.

The legacy signature was made with minisign 0.11 (`-S -l`).
"""

import base64
from itertools import pairwise

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from tests.firmware.signed import KEY, KEY_FILE, PAYLOAD, SIGNATURE

OTHER_KEY = "RWT2QqHsGRqoAxC5W2Yom5hETCJC9DuC649PRYrLs5nO4Xc24yLrA04/"
LEGACY_SIGNATURE = """untrusted comment: signature from minisign secret key
RWT7zw5jS5dHvP0ffqbAtB0RfSEP5TVBFZk3CExBE34DdUDPDO/0uHGI2Gt91ECPRYml5uuD384dpGdf+rBdoio5cf50F2adPQI=
trusted comment: legacy
oxYWXQOB1Cj0Yiw0KbArBlDzIsGRW7OerEZS3WGNIpuTiDCb7qwzDMcXfxfQw+rA1zjSgqlkxeSFRUwOajs3CQ==
"""


@pytest.mark.parametrize("key", [KEY, KEY_FILE, KEY_FILE.replace("\n", "\r\n"), f"  {KEY}\n"])
@pytest.mark.parametrize("signature", [SIGNATURE, SIGNATURE.replace("\n", "\r\n"), SIGNATURE.rstrip()])
def test_what_minisign_signed_is_believed(key: str, signature: str) -> None:
    assert PublicKey.parse(key).verify(PAYLOAD, signature) == "blinds 1.2.3 ✓"


def test_a_key_is_named_and_written_as_minisign_does() -> None:
    key = PublicKey.parse(KEY_FILE)
    assert key.name == "BC47974B630ECFFB"
    assert str(key) == KEY
    assert PublicKey.parse(str(key)) == key


@pytest.mark.parametrize(
    ("payload", "signature", "reason"),
    [
        (PAYLOAD + b"!", SIGNATURE, Reason.WRONG_SIGNATURE),
        (b"", SIGNATURE, Reason.WRONG_SIGNATURE),
        (PAYLOAD, SIGNATURE.replace("1.2.3", "1.2.4"), Reason.WRONG_TRUSTED_COMMENT),
        (PAYLOAD, SIGNATURE.replace("1.2.3", "1.2.\udcff"), Reason.WRONG_TRUSTED_COMMENT),
        (PAYLOAD, LEGACY_SIGNATURE, Reason.LEGACY_SIGNATURE),
        (PAYLOAD, "", Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, "<!doctype html>", Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE + "one line more", Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE.replace("trusted comment: b", "trust me: b"), Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE.replace("untrusted", "unsigned"), Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE.replace("RUT7", "RVT7"), Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE.replace("RUT7zw5j", "RUT7zw5"), Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE.replace("RUT7zw5j", ""), Reason.BAD_SIGNATURE_FILE),
        (PAYLOAD, SIGNATURE.replace("RUT7zw5j", "RUT7zwéj"), Reason.BAD_SIGNATURE_FILE),
        pytest.param(PAYLOAD, SIGNATURE + "x" * 20_000, Reason.BAD_SIGNATURE_FILE, id="too long"),
    ],
)
def test_anything_else_is_refused(payload: bytes, signature: str, reason: Reason) -> None:
    with pytest.raises(SignatureRefused) as refused:
        PublicKey.parse(KEY).verify(payload, signature)
    assert refused.value.reason is reason


def test_a_signature_of_another_key_says_which() -> None:
    with pytest.raises(SignatureRefused) as refused:
        PublicKey.parse(OTHER_KEY).verify(PAYLOAD, SIGNATURE)
    assert refused.value.reason is Reason.OTHER_KEY
    assert refused.value.placeholders == {"expected": "3A81A19ECA142F6", "actual": "BC47974B630ECFFB"}
    assert str(refused.value) == (
        "The signature was made with the key BC47974B630ECFFB, not with the trusted key 3A81A19ECA142F6"
    )


def test_every_single_bit_of_a_signature_counts() -> None:
    key, lines = PublicKey.parse(KEY), SIGNATURE.splitlines()
    for line in (1, 3):
        raw = bytearray(base64.b64decode(lines[line]))
        for bit in range(0, len(raw) * 8, 3):
            raw[bit // 8] ^= 1 << bit % 8
            forged = "\n".join([*lines[:line], base64.b64encode(raw).decode(), *lines[line + 1 :]])
            raw[bit // 8] ^= 1 << bit % 8
            with pytest.raises(SignatureRefused):
                key.verify(PAYLOAD, forged)


def test_a_key_that_only_claims_the_id_of_another_proves_nothing() -> None:
    real, other = (base64.b64decode(key) for key in (KEY, OTHER_KEY))
    impostor = PublicKey.parse(base64.b64encode(real[:10] + other[10:]).decode())
    with pytest.raises(SignatureRefused) as refused:
        impostor.verify(PAYLOAD, SIGNATURE)
    assert refused.value.reason is Reason.WRONG_SIGNATURE


@pytest.mark.parametrize(
    "text",
    ["", "minisign", KEY[:-4], KEY + "AAAA", KEY.replace("RWT", "RUT"), f"{KEY}\n{OTHER_KEY}", "untrusted comment: x"],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        PublicKey.parse(text)
    assert refused.value.reason is Reason.BAD_PUBLIC_KEY


def test_the_order_of_lines_counts() -> None:
    lines = SIGNATURE.splitlines()
    for first, second in pairwise(range(4)):
        swapped = list(lines)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        with pytest.raises(SignatureRefused):
            PublicKey.parse(KEY).verify(PAYLOAD, "\n".join(swapped))
