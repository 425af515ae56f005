"""Making the first user of a Home Assistant, over its HTTP API."""

from typing import Any, Final

import aiohttp

from tests.real_home.client import HomeClient

USERNAME: Final = "owner"
PASSWORD: Final = "mkr1000"


async def onboard(url: str) -> str:
    """Make the owner, and return an access token that does not expire."""
    async with aiohttp.ClientSession(url, raise_for_status=True) as session:
        owner = {"name": "Owner", "language": "en", "client_id": f"{url}/"}
        login = {"username": USERNAME, "password": PASSWORD}
        code = await _post(session, "/api/onboarding/users", json=owner | login)
        form = {"grant_type": "authorization_code", "code": code["auth_code"], "client_id": f"{url}/"}
        tokens = await _post(session, "/auth/token", data=form)
    async with HomeClient(url, tokens["access_token"]) as client:
        token: str = await client.command("auth/long_lived_access_token", client_name="harness", lifespan=365)
    return token


async def _post(session: aiohttp.ClientSession, path: str, **content: Any) -> Any:
    async with session.post(path, **content) as answer:
        return await answer.json()
