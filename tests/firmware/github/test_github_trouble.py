"""What GitHub answers that is no list of releases, and what is asked of it that it cannot have."""

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.github import GitHubSource, repository_named
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware.github.conftest import LIST, a_release, an_asset, catalog_of, refusal
from tests.web import Web


async def test_an_error_loses_nothing(site: Web, source: GitHubSource) -> None:
    site.serve_json(LIST, [a_release("v1", an_asset(1))], etag='"1"')
    first = await source.catalog()
    for status, reason in ((404, Reason.NO_REPOSITORY), (500, Reason.HTTP_STATUS)):
        site.serve(LIST, status=status)
        assert (await refusal(source)).reason is reason
    site.serve_json(LIST, [a_release("v1", an_asset(1))], etag='"1"')
    assert await source.catalog() is first


async def test_a_limit_is_respected(site: Web, source: GitHubSource) -> None:
    reset = int(datetime.now(UTC).timestamp()) + 1800
    site.serve(LIST, status=403, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(reset))
    for _ in range(3):
        error = await refusal(source)
        assert error.reason is Reason.RATE_LIMITED
        assert abs(datetime.fromisoformat(error.placeholders["until"]).timestamp() - reset) <= 3
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"message": "Hello"}, "its beginning"),
        ([{"tag_name": "v1"}], "[0].assets"),
        (["v1"], "[0]"),
        ([{"tag_name": 1, "assets": []}], "[0].tag_name"),
        ([a_release("v1", {"id": "1"})], "v1.assets[0].id"),
        ([a_release("v1", {"id": 1})], "v1.assets[0].name"),
    ],
)
async def test_an_answer_of_another_shape_is_refused(site: Web, source: GitHubSource, document: Any, path: str) -> None:
    site.serve_json(LIST, document)
    error = await refusal(source)
    assert (error.reason, error.placeholders["path"]) == (Reason.BAD_ANSWER, path)


@pytest.mark.parametrize("body", ["Hello", "[" * 50 + "]" * 50, r'[{"tag_name": "v1", "body": "\ud800"}]'])
async def test_an_answer_that_is_no_json_is_refused(site: Web, source: GitHubSource, body: str) -> None:
    site.serve(LIST, body, Content_Type="application/json")
    assert (await refusal(source)).reason is Reason.BAD_ANSWER


async def test_foreign_text_is_fit_to_be_shown(site: Web, source: GitHubSource) -> None:
    hostile = "a\u202eb\u200b\x1bc"
    asset = an_asset(1, f"{hostile}.bin")
    catalog = await catalog_of(site, source, a_release("v1", asset, name=hostile, body=f"{hostile}\r\n{hostile}"))
    (release,) = catalog.releases
    assert (release.file, release.title, release.notes) == ("ab c.bin", "ab c", "ab c\nab c")


@pytest.mark.parametrize(
    "text",
    [
        "owner/na.me",
        " owner/na.me\n",
        "https://github.com/owner/na.me",
        "http://www.github.com/owner/na.me/",
        "github.com/owner/na.me.git",
        "https://GitHub.com/owner/na.me/releases/tag/v1?x#y",
        "https://github.com/owner/na.me#readme",
        "git@github.com:owner/na.me.git",
        "ssh://git@github.com/owner/na.me",
    ],
)
def test_a_repository_is_known_by_its_name_and_by_its_address(text: str) -> None:
    assert repository_named(text) == "owner/na.me"


@pytest.mark.parametrize(
    "repository",
    [
        "",
        "owner",
        "owner/",
        "/name",
        "owner/..",
        "owner/na me",
        "owner/a/b",
        "https://gitlab.com/owner/name",
        "https://github.com/owner",
        "https://github.com.evil/owner/name",
        "https://github.com/owner/../x",
    ],
)
async def test_what_is_no_repository_is_refused(session: aiohttp.ClientSession, repository: str) -> None:
    with pytest.raises(SourceError) as refused:
        GitHubSource(session, repository)
    assert refused.value.reason is Reason.BAD_REPOSITORY
    assert refused.value.placeholders == {"repository": repository}
