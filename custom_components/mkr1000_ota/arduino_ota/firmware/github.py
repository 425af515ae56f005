"""Sketches that are attached to the releases of a GitHub repository.

The API is documented at https://docs.github.com/en/rest/releases and, for its rate limits, at
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

from collections.abc import Hashable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
import re
from typing import Any, Final

import aiohttp
from yarl import URL

from .. import limits
from .description import without_bootloader
from .destination import host
from .fetcher import Fetcher, http_url
from .reasons import Reason
from .release import Catalog, Finding, Release, SourceError
from .schema import Field, Invalid, items, line, moment, notes, number, pick, read_json, text, web_page
from .server import ServerSource
from .versions import series_of, version_in_name, version_of_file, version_of_tag

API: Final = "https://api.github.com"
DEFAULT_ASSET: Final = "*.bin"

_API_VERSION: Final = "2022-11-28"
# In the form owner/name, or as a browser or git has its address.
_REPOSITORY: Final = re.compile(
    r"(?P<site>(?:https?://)?(?:www\.)?github\.com/|(?:ssh://)?git@github\.com[:/])?"
    r"(?P<owner>[a-z0-9][a-z0-9-]{0,38})/(?P<name>(?!\.{1,2}(?:/|$))[a-z0-9._-]{1,100}?)(?:\.git)?"
    r"(?(site)(?:[/?#]\S*)?)",
    re.ASCII | re.IGNORECASE,
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")

_RELEASE: Final[dict[str, Field]] = (
    {"tag_name": line, "name": line, "body": notes, "html_url": web_page, "published_at": moment}
) | {"draft": bool, "prerelease": bool, "assets": items}
_ASSET: Final[dict[str, Field]] = {"id": number, "name": line, "size": number, "state": text, "digest": text}


class GitHubSource(ServerSource):
    """The releases of `owner/name`, with the files of each that match a pattern."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        repository: str,
        asset: str = DEFAULT_ASSET,
        *,
        prereleases: bool = False,
        token: str | None = None,
        api: str = API,
    ) -> None:
        """Take the repository as `repository_named` does. Raises SourceError if it cannot be one.

        The token goes to the API and nowhere else, not even where the API redirects to.
        """
        self.server = repository_named(repository)
        base = http_url(api)
        self.key: Hashable = ("github", api, self.server.casefold(), asset, prereleases, token)
        self._releases = base.joinpath("repos", *self.server.split("/"), "releases")
        self._asset = asset
        self._prereleases = prereleases
        private = {"X-GitHub-Api-Version": _API_VERSION} | ({"Authorization": f"Bearer {token}"} if token else {})
        super().__init__(Fetcher(session, base, private))

    async def catalog(self) -> Catalog:
        address = self._releases.with_query(per_page=limits.RELEASES)
        try:
            return await self._read(address, limits.RELEASE_LIST, self._read_releases)
        except SourceError as error:
            if error.reason is Reason.NOT_FOUND:
                raise SourceError(Reason.NO_REPOSITORY, repository=self.server) from None
            raise
        except Invalid as error:
            shown = host(address)
            raise SourceError(Reason.BAD_ANSWER, host=shown, path=error.path, problem=error.problem) from None

    def _read_releases(self, body: bytes, _: URL) -> Catalog:
        releases = list(_published(body))
        wanted = [each for each in releases if self._prereleases or not each.get("prerelease")]
        offers = (offer for each in wanted for offer in _offers(each, self._asset, self._releases / "assets"))
        found = list(islice(offers, limits.SKETCHES))
        if len({series_of(each.file) for each in found if isinstance(each, Release)}) > 1:
            # The files tell them apart by themselves.
            found = [replace(each, series=None) if isinstance(each, Release) else each for each in found]
        if not releases:
            found = [Finding.of(self.server, Reason.NO_RELEASES)]
        elif not wanted:
            found = [Finding.of(self.server, Reason.ONLY_PRERELEASES, count=str(len(releases)))]
        elif not found:
            found = [Finding.of(self.server, Reason.NO_MATCHING_ASSET, pattern=self._asset)]
        return Catalog.of(found)


def repository_named(typed: str) -> str:
    """Return owner/name from just that, or from the address of a repository or of a page of it. Raises SourceError."""
    if (match := _REPOSITORY.fullmatch(typed.strip())) is None:
        raise SourceError(Reason.BAD_REPOSITORY, repository=typed)
    return f"{match['owner']}/{match['name']}"


def _published(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        entries = items(read_json(body))
    except ValueError as error:
        raise Invalid("its beginning", str(error)) from None
    for n, entry in enumerate(entries):
        release = pick(entry, _RELEASE, "tag_name", "assets", where=f"[{n}]")
        if not release.get("draft"):
            yield release


def _offers(release: dict[str, Any], pattern: str, place: URL) -> Iterator[Release | Finding]:
    tag, assets = release["tag_name"], release["assets"]
    if len(assets) > limits.ASSETS:
        yield Finding.of(tag, Reason.TOO_MANY, count=str(len(assets)), limit=str(limits.ASSETS))
        return
    picked = (pick(each, _ASSET, "id", "name", where=f"{tag}.assets[{n}]") for n, each in enumerate(assets))
    uploaded = {asset["name"]: asset for asset in picked if asset.get("state", "uploaded") == "uploaded"}
    matching = [name for name in uploaded if fnmatchcase(name.casefold(), pattern.casefold())]
    for name in without_bootloader(matching):
        size, digest = uploaded[name].get("size"), uploaded[name].get("digest", "")
        if size and size > limits.IMAGE:
            yield Finding.of(name, Reason.FILE_TOO_LARGE, size=str(size), limit=str(limits.IMAGE))
            continue
        signature = uploaded.get(f"{name}.minisig")
        yield Release(
            version=version_of_tag(tag) or version_of_file(name),
            identifier=str(place / str(uploaded[name]["id"])),
            file=name,
            title=release.get("name"),
            notes=release.get("body"),
            url=release.get("html_url"),
            size=size,
            sha256=digest.partition(":")[2] if _DIGEST.fullmatch(digest) else None,
            published=release.get("published_at"),
            signature=str(place / str(signature["id"])) if signature else None,
            # A tag without a version, such as `latest`, is no series of its own.
            series=(series_of(tag.replace("/", "-")) or None) if version_in_name(tag.replace("/", "-")) else None,
        )
