"""Whatever a person types or a server writes, the worst is a reason."""

from contextlib import suppress
import json

from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.description import FIELDS, read_description
from custom_components.mkr1000_ota.arduino_ota.firmware.destination import host
from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import credentials_of, http_url, joined
from custom_components.mkr1000_ota.arduino_ota.firmware.github import repository_named
from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import read_manifest, signature_beside
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError

PIECES = [
    "http",
    "https",
    "://",
    "//",
    "[",
    "]",
    "::1",
    "%",
    "%zz",
    "@",
    ":",
    "/",
    "?",
    "#",
    "\\",
    "é",
    "\u202e",
    "\ud800",
]
PIECES += ["a", "..", ".", "127.0.0.1", "99999", "x" * 70, "xn--", "\0", " ", "\n", "[v1.a]", "%eth0", "。"]
ADDRESSES = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
KEYS = st.sampled_from([*FIELDS, "path", "signature", "releases", "x"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ADDRESSES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@given(ADDRESSES, ADDRESSES)
def test_an_address_can_be_fetched_or_is_none(typed: str, further: str) -> None:
    with suppress(SourceError):
        repository_named(typed)
    for text in (typed, f"http://{typed}"):
        with suppress(SourceError):
            url = http_url(text)
            for each in (url, joined(url, further) or url):
                assert each.scheme in ("http", "https")
                assert each.origin().scheme == each.scheme
                host(each)
                credentials_of(each)
                signature_beside(URL(str(each.with_user(None).with_fragment(None)), encoded=True))


@pytest.mark.slow
@given(DOCUMENTS)
def test_a_document_is_a_catalog_or_a_reason(document: object) -> None:
    body = json.dumps(document).encode()
    with suppress(SourceError):
        read_description(body, "a.json")
    with suppress(SourceError):
        catalog = read_manifest(body, URL("https://host/manifest.json"))
        words = [word for one in catalog.releases for word in (one.label, one.title, one.notes) if word]
        words += [word for one in catalog.findings for word in (one.file, one.message) if word]
        assert all(word.encode() for word in words)
