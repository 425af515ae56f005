"""What fetches sketches, and servers to fetch them from."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from tests.firmware.tls import make_certificate, serving, trusting
from tests.web import Web, running


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait long enough for a busy machine, and not for long for what never comes."""
    for name, seconds in {"CONNECT": 0.3, "SILENCE": 0.3, "DOWNLOAD": 0.6}.items():
        monkeypatch.setattr(limits, name, seconds)


@pytest.fixture
async def other_site(socket_enabled: None) -> AsyncGenerator[Web]:
    """A web server with another origin."""
    async with running() as site:
        yield site


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """A client session, as Home Assistant would hand it in."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody trusts by itself."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def tls_site(socket_enabled: None, certificate: Path) -> AsyncGenerator[Web]:
    """A web server that speaks TLS."""
    async with running(serving(certificate)) as site:
        yield site


@pytest.fixture
async def trusting_session(certificate: Path) -> AsyncGenerator[aiohttp.ClientSession]:
    """A client session that trusts the server with TLS."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting(certificate))) as session:
        yield session
