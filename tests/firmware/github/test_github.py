"""Sketches attached to GitHub releases, from a stand-in for GitHub on this machine."""

from datetime import UTC, datetime
import hashlib
from typing import Any

import aiohttp
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.github import GitHubSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release
from tests.firmware.github.conftest import IMAGE, LIST, a_release, an_asset, catalog_of, refusal, source_at
from tests.web import Web

SHA256 = hashlib.sha256(IMAGE).hexdigest()


async def test_a_release_is_offered_with_what_its_page_says(site: Web, source: GitHubSource) -> None:
    catalog = await catalog_of(site, source, a_release("v1.2.3", an_asset(7)), a_release("v1.10.0", an_asset(8)))
    assert [release.version for release in catalog.releases] == ["1.2.3", "1.10.0"]
    assert catalog.releases[0] == Release(
        version="1.2.3",
        identifier=str(site.at(f"{LIST}/assets/7")),
        file="blinds.bin",
        title="Blinds v1.2.3",
        notes="Notes of v1.2.3",
        url="https://github.com/owner/blinds/releases/v1.2.3",
        size=len(IMAGE),
        sha256=SHA256,
        published=datetime(2026, 11, 22, 7, tzinfo=UTC),
    )
    assert site.asked() == [f"{LIST}?per_page=100"]
    assert site.requests[0].headers["X-GitHub-Api-Version"] == "2022-11-28"


async def test_an_image_is_fetched_through_the_api(site: Web, source: GitHubSource) -> None:
    (release,) = (await catalog_of(site, source, a_release("v1", an_asset(7)))).releases
    site.serve(f"{LIST}/assets/7", IMAGE)
    assert await source.image(release) == IMAGE
    assert site.requests[-1].headers["Accept"] == "application/octet-stream"


async def test_the_token_is_for_the_api_alone(site: Web, other_site: Web, session: aiohttp.ClientSession) -> None:
    source = source_at(site, session, token="s3cret")
    (release,) = (await catalog_of(site, source, a_release("v1", an_asset(7)))).releases
    site.redirect(f"{LIST}/assets/7", other_site.serve("/storage/7", IMAGE))
    assert await source.image(release) == IMAGE
    assert site.came_with() == ["Bearer s3cret"] * 2
    assert not {"Authorization", "X-GitHub-Api-Version"} & set(other_site.requests[0].headers)
    site.serve(LIST, status=401)
    error = await refusal(source)
    assert error.reason is Reason.ACCESS_DENIED
    assert "s3cret" not in str(error)


async def test_drafts_and_unfinished_files_are_not_offered(site: Web, source: GitHubSource) -> None:
    catalog = await catalog_of(
        site,
        source,
        a_release("v3", an_asset(3), draft=True),
        a_release("v2", an_asset(2, state="starter")),
        a_release("v1", an_asset(1)),
    )
    assert [release.version for release in catalog.releases] == ["1"]
    assert catalog.findings == ()


async def test_prereleases_are_offered_to_who_wants_them(
    site: Web, source: GitHubSource, session: aiohttp.ClientSession
) -> None:
    releases = [a_release("v2.0.0-rc1", an_asset(2), prerelease=True), a_release("v1.0.0", an_asset(1))]
    assert [release.version for release in (await catalog_of(site, source, *releases)).releases] == ["1.0.0"]
    eager = source_at(site, session, prereleases=True)
    assert [release.version for release in (await eager.catalog()).releases] == ["2.0.0-rc1", "1.0.0"]


async def test_the_pattern_chooses_the_file(site: Web, session: aiohttp.ClientSession) -> None:
    assets = [an_asset(1, "blinds.bin"), an_asset(2, "heating.bin"), an_asset(3, "heating.bin.minisig")]
    source = source_at(site, session, asset="heating*.bin")
    (release,) = (await catalog_of(site, source, a_release("v1", *assets))).releases
    assert release.file == "heating.bin"
    site.serve(f"{LIST}/assets/3", "a signature")
    assert await source.signature(release) == "a signature"


async def test_a_release_may_hold_several_sketches(site: Web, source: GitHubSource) -> None:
    assets = [an_asset(1, "blinds-mkr1000.bin"), an_asset(2, "blinds-nano_33_iot.BIN")]
    catalog = await catalog_of(site, source, a_release("v1", *assets))
    assert [(one.version, one.file) for one in catalog.releases] == [
        ("1", "blinds-mkr1000.bin"),
        ("1", "blinds-nano_33_iot.BIN"),
    ]
    assert catalog.findings == ()


@pytest.mark.parametrize(
    ("tags", "files", "series"),
    [
        (["garden-v1.2", "bed/v3.0"], ["sketch.bin", "sketch.bin"], ["garden", "bed"]),
        (["garden-v1.2", "bed-v3.0"], ["garden.bin", "bed.bin"], [None, None]),
        (["v1.2", "latest"], ["garden.bin", "garden.bin"], [None, None]),
    ],
)
async def test_a_tag_tells_series_apart_where_the_files_do_not(
    site: Web, source: GitHubSource, tags: list[str], files: list[str], series: list[str | None]
) -> None:
    releases = [a_release(tag, an_asset(n, file)) for n, (tag, file) in enumerate(zip(tags, files, strict=True), 1)]
    assert [release.series for release in (await catalog_of(site, source, *releases)).releases] == series


async def test_of_two_outputs_of_a_build_the_one_without_the_bootloader_is_meant(
    site: Web, source: GitHubSource
) -> None:
    names = ["a.ino.bin", "a.ino.with_bootloader.bin", "B.ino.with_bootloader.BIN", "B.ino.BIN"]
    assets = [an_asset(number, name) for number, name in enumerate(names, 1)]
    catalog = await catalog_of(site, source, a_release("v1", *assets))
    assert [release.file for release in catalog.releases] == ["a.ino.bin", "B.ino.BIN"]
    assert catalog.findings == ()


async def test_the_same_file_in_several_releases_is_one_sketch(site: Web, source: GitHubSource) -> None:
    catalog = await catalog_of(site, source, a_release("v2", an_asset(7)), a_release("v1", an_asset(7)))
    assert [release.version for release in catalog.releases] == ["2"]


@pytest.mark.parametrize(
    ("releases", "pattern", "code", "message"),
    [
        ([], "*.bin", "no_releases", "owner/blinds has no published releases"),
        ([a_release("v1", an_asset(1), draft=True)], "*.bin", "no_releases", "owner/blinds has no published releases"),
        (
            [a_release(f"v{n}", an_asset(n), prerelease=True) for n in (1, 2)],
            "*.bin",
            "only_prereleases",
            "All 2 releases of owner/blinds are pre-releases",
        ),
        (
            [a_release("v1", an_asset(1)), a_release("v2", an_asset(2), prerelease=True)],
            "*.hex",
            "no_matching_asset",
            "No release of owner/blinds contains a file that matches *.hex",
        ),
    ],
)
async def test_what_leads_to_no_offer_at_all_is_reported(
    site: Web, session: aiohttp.ClientSession, releases: list[Any], pattern: str, code: str, message: str
) -> None:
    (finding,) = (await catalog_of(site, source_at(site, session, asset=pattern), *releases)).findings
    assert (finding.code, finding.message) == (code, message)


async def test_what_cannot_be_offered_is_reported(site: Web, source: GitHubSource) -> None:
    catalog = await catalog_of(site, source, a_release("v2", an_asset(2, size=300_000)), a_release("v1", an_asset(1)))
    assert [(finding.file, finding.code) for finding in catalog.findings] == [("blinds.bin", "file_too_large")]
    assert [release.version for release in catalog.releases] == ["1"]


async def test_a_release_of_any_number_of_files_ends_at_once_with_one_finding_that_counts(
    site: Web, source: GitHubSource
) -> None:
    many = [{"id": n, "name": f"{n}.bin", "size": 4} for n in range(8000)]
    catalog = await catalog_of(site, source, a_release("v2", *many), a_release("v1", an_asset(1)))
    assert [finding.message for finding in catalog.findings] == [
        "v2 contains 8000 entries, of which only 1000 are used"
    ]
    assert [release.version for release in catalog.releases] == ["1"]


async def test_no_more_is_offered_than_anybody_can_look_through(site: Web, source: GitHubSource) -> None:
    many = [an_asset(n, f"{n}.bin") for n in range(1, 1001)]
    assert len((await catalog_of(site, source, a_release("v1", *many))).releases) == 100


async def test_a_release_without_words(site: Web, source: GitHubSource) -> None:
    bare = {"tag_name": "v1", "assets": [{"id": 1, "name": "a.bin", "size": 4}]}
    (release,) = (await catalog_of(site, source, bare)).releases
    assert release == Release(version="1", identifier=str(site.at(f"{LIST}/assets/1")), file="a.bin", size=4)
    assert await source.signature(release) is None
    wordy = a_release("v1", an_asset(1), body="x" * 100_000, name=None)
    (release,) = (await catalog_of(site, source, wordy)).releases
    assert len(release.notes or "") == 64 * 1024


async def test_a_file_that_is_not_the_published_one_is_refused(site: Web, source: GitHubSource) -> None:
    (release,) = (await catalog_of(site, source, a_release("v1", an_asset(7)))).releases
    site.serve(f"{LIST}/assets/7", IMAGE[::-1])
    assert (await refusal(source, release)).reason is Reason.SHA256_MISMATCH
    site.serve(f"{LIST}/assets/7", IMAGE[:-4])
    assert (await refusal(source, release)).reason is Reason.SIZE_MISMATCH


async def test_an_unchanged_list_costs_one_request(site: Web, source: GitHubSource) -> None:
    site.serve_json(LIST, [a_release("v1", an_asset(1))], etag='W/"1"')
    first = await source.catalog()
    assert [release.version for release in first.releases] == ["1"]
    assert await source.catalog() is first
    assert site.requests[-1].headers["If-None-Match"] == 'W/"1"'
    site.serve_json(LIST, [a_release("v2", an_asset(2))], etag='W/"2"')
    assert [release.version for release in (await source.catalog()).releases] == ["2"]


async def test_a_renamed_repository_is_followed(site: Web, session: aiohttp.ClientSession) -> None:
    source = source_at(site, session, token="s3cret")
    site.redirect(LIST, "/api/v3/repositories/42/releases", 301)
    site.serve_json("/api/v3/repositories/42/releases", [a_release("v1", an_asset(1))], etag='"1"')
    first = await source.catalog()
    assert first.releases
    assert await source.catalog() is first
    assert {request.headers["Authorization"] for request in site.requests} == {"Bearer s3cret"}


async def test_sources_of_the_same_choice_are_the_same(session: aiohttp.ClientSession) -> None:
    keys = {
        GitHubSource(session, "owner/name").key,
        GitHubSource(session, "Owner/Name").key,
        GitHubSource(session, "owner/name", "*.bin", api="https://api.github.com").key,
    }
    assert len(keys) == 1
    assert GitHubSource(session, "owner/name", prereleases=True).key not in keys
    assert GitHubSource(session, "owner/name", token="s3cret").key not in keys
