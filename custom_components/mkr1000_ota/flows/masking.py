"""Secrets in options: a form does not show them again, and keeps them unless another one is typed."""

from collections.abc import Mapping
from typing import Any

from yarl import URL

from ..const import CONF_BASE_URL, CONF_MANIFEST_URL, CONF_TOKEN

# Stands for the stored secret on its way to the browser and back.
UNCHANGED = "__unchanged__"


def without_secrets(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a form may show them."""
    shown = dict(options)
    if shown.get(CONF_TOKEN):
        shown[CONF_TOKEN] = UNCHANGED
    url = _url(shown.get(CONF_MANIFEST_URL))
    if url is not None and url.password:
        shown[CONF_MANIFEST_URL] = str(url.with_password(UNCHANGED))
    return shown


def with_secrets(entered: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered with the stored secrets where they are unchanged; none is meant for another server."""
    meant = dict(entered)
    if meant.get(CONF_TOKEN) == UNCHANGED and meant.get(CONF_BASE_URL) == options.get(CONF_BASE_URL):
        meant[CONF_TOKEN] = options.get(CONF_TOKEN)
    url, stored = _url(meant.get(CONF_MANIFEST_URL)), _url(options.get(CONF_MANIFEST_URL))
    if url is not None and stored is not None and url.password == UNCHANGED and _account(url) == _account(stored):
        meant[CONF_MANIFEST_URL] = str(url.with_password(stored.password))
    return meant


def _account(url: URL) -> tuple[str, str | None, int | None, str | None]:
    return url.scheme, url.host, url.port, url.user


def _url(text: str | None) -> URL | None:
    try:
        return URL(text) if text else None
    except ValueError:
        return None
