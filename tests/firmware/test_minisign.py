"""Signatures: what a real minisign made is believed, and nothing else.

The legacy signature was made with minisign 0.11 (`-S -l`).
"""

import base64
from itertools import pairwise

import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.minisign import PublicKey, SignatureRefused, verify_release
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.firmware.signed import KEY, KEY_FILE, PAYLOAD, SIGNATURE
from tests.minisign import Signer
from tests.virtual_board.sketches import build_sketch

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


PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME


def sum_of(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Add two points of the curve (RFC 8032, section 5.1.4, in affine coordinates)."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + y1 * x2) * pow(1 + product, -1, PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, PRIME)
    return x % PRIME, y % PRIME


def x_of(y: int) -> int:
    """Return an x of the points with this y."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    return x if x * x % PRIME == square else x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME


SMALL = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"


def test_keys_that_anybody_can_sign_for_are_refused() -> None:
    """All points of an order up to eight, in each way of writing them."""
    first = int.from_bytes(bytes.fromhex(SMALL), "little")
    point = generator = (x_of(first), first)
    for _ in range(8):
        for y in (point[1], point[1] + PRIME):
            for sign in (0, 2**255):
                if y < 2**255:
                    key = base64.b64encode(b"Ed12345678" + (y + sign).to_bytes(32, "little")).decode()
                    with pytest.raises(SignatureRefused) as refused:
                        PublicKey.parse(key)
                    assert refused.value.reason is Reason.WEAK_PUBLIC_KEY
        point = sum_of(point, generator)
    assert point == generator, "there are eight of them"


SIGNER = Signer()
GARDEN = Sketch.inspect(build_sketch(version="1.2.3", name="Garden"))


@pytest.mark.parametrize(
    ("version", "board", "reason"),
    [
        ("1.2.3", "Garden", None),
        ("1.2.3", "garden", None),
        (None, "Garden", None),
        ("9.9.9", "Garden", Reason.OTHER_VERSION),
        ("1.2.3", "Bed", Reason.OTHER_NAME),
    ],
)
def test_what_is_signed_is_offered_as_what_it_is_and_to_its_board(
    version: str | None, board: str, reason: Reason | None
) -> None:
    key, signature = PublicKey.parse(SIGNER.public_key), SIGNER.sign(GARDEN.image, "garden")
    if reason is None:
        assert verify_release(key, GARDEN, signature, version=version, board=board) == "garden"
        return
    with pytest.raises(SignatureRefused) as refused:
        verify_release(key, GARDEN, signature, version=version, board=board)
    assert refused.value.reason is reason


def test_a_sketch_that_states_no_version_is_none_in_particular() -> None:
    sketch = Sketch.inspect(build_sketch())
    key, signature = PublicKey.parse(SIGNER.public_key), SIGNER.sign(sketch.image)
    assert verify_release(key, sketch, signature, version=None, board="Arduino")
    with pytest.raises(SignatureRefused) as refused:
        verify_release(key, sketch, signature, version="1.0", board="Arduino")
    assert str(refused.value) == "The signed sketch is version ?, not 1.0"


def test_a_signature_of_another_sketch_proves_nothing_of_this_one() -> None:
    with pytest.raises(SignatureRefused) as refused:
        verify_release(PublicKey.parse(SIGNER.public_key), GARDEN, SIGNER.sign(b""), version="1.2.3", board="Garden")
    assert refused.value.reason is Reason.WRONG_SIGNATURE


def test_the_order_of_lines_counts() -> None:
    lines = SIGNATURE.splitlines()
    for first, second in pairwise(range(4)):
        swapped = list(lines)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        with pytest.raises(SignatureRefused):
            PublicKey.parse(KEY).verify(PAYLOAD, "\n".join(swapped))
