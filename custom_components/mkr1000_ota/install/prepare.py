"""A build that is to be installed: from its source, the archive, a file or a wait, to an order that may be flashed."""

import asyncio
from dataclasses import replace
from typing import Final

from ..arduino_ota.errors import SketchRefused
from ..arduino_ota.firmware.minisign import SignatureRefused
from ..arduino_ota.firmware.offers import Build, Place, possible_labels
from ..arduino_ota.firmware.release import SourceError
from ..arduino_ota.firmware.versions import VERSION, bare, version_of_file
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.sketch import OVERRIDABLE, Refusal, Sketch
from ..const import CONF_PUBLIC_KEY
from ..coordinator import BoardCoordinator
from ..data import InstallRequest
from ..errors import sketch_error, source_error, translated_error, validation_error
from ..issues import Kind
from ..sources.sketches import async_inspect, async_verify
from ..storage.images import ImageLost
from ..storage.records import PastFlash, WaitingOrder
from .action_file import Fetched

# Seconds to fetch and inspect a sketch: a network folder may hang for ever.
PREPARE_TIMEOUT: Final = 120.0
# What a sketch that runs, or ran well, has been allowed already.
ALLOWED_TO_RUN: Final = OVERRIDABLE - {Refusal.NO_OTA}


async def async_request_for_version(board: BoardCoordinator, version: str) -> InstallRequest | None:
    """Return the request for a build that can still be had, by its label: from a source, the archive, or an earlier order.

    Raises a translated HomeAssistantError if only the source can know, and that has not responded since the start.
    """
    confirmed = await board.sources.chosen.async_confirm()
    if confirmed:
        # What it is called shows for sure once somebody has looked inside.
        named = (build.release for build in board.offers.builds if build.label == version and not build.is_inspected)
        for release in filter(None, (board.offers.needs_download, *named)):
            await board.sources.chosen.async_look_into(release)
    for build in board.offers.builds:
        is_there = build.place is Place.UPLOAD or (
            confirmed and build.place is Place.SOURCE and build.release.identifier
        )
        if build.label == version and is_there:
            return request_for_build(board, build)
    for flash in board.archived:
        if flash.version == version:
            return request_for_archived(board, flash)
    for notice in board.record.notices.values():
        if (order := notice.order) is not None and order.version == version:
            return request_for_order(board, order, None)
    if not confirmed and (error := board.sources.chosen.issues.error) is not None:
        raise source_error(error) from error
    return None


async def async_request_for_notice(board: BoardCoordinator, kind: Kind) -> InstallRequest:
    """Return the request for what a notice is about. Raises a translated HomeAssistantError if it cannot be had."""
    notice = board.record.notices.get(kind)
    if notice is not None and notice.order is not None:
        return request_for_order(board, notice.order, None)
    version = notice.placeholders["version"] if notice is not None else ""
    if (request := await async_request_for_version(board, version)) is None:
        raise translated_error("version_gone", board=board.name, version=version)
    return request


def request_for_build(board: BoardCoordinator, build: Build) -> InstallRequest:
    """Return the request for a build of one of the board's sources."""
    catalog, release = board.sources.catalog_of(build), build.release

    async def load() -> tuple[Sketch, str | None]:
        sketch = await catalog.sketch(release, board.model, board.storage)
        return sketch, await catalog.source.signature(release)

    claimed = build.label if build.label == release.version else None
    return InstallRequest(
        version=build.label, file=release.label, load=load, password=release.password, claimed=claimed
    )


def request_for_archived(
    board: BoardCoordinator, flash: PastFlash | WaitingOrder, allow: tuple[str, ...] = ()
) -> InstallRequest:
    """Return the request for a sketch that the board ran before, with the password that it accepted then."""

    async def load() -> tuple[Sketch, str | None]:
        image = await board.images.load(flash.sha256)
        return await async_inspect(board.hass, image, board.model, board.storage, allow), flash.signature

    return InstallRequest(version=flash.version, file=flash.version, load=load, password=flash.password, allow=allow)


def request_for_order(board: BoardCoordinator, order: WaitingOrder, until: float | None) -> InstallRequest:
    """Return the request for what was ordered before; it waits for the board until then, if it did already."""
    return replace(request_for_archived(board, order, order.allow), file=order.file, until=until)


async def async_request_for_file(
    board: BoardCoordinator, fetched: Fetched, *, version: str | None, password: str | None, allow: tuple[str, ...]
) -> InstallRequest:
    """Return the request for a sketch that an action names.

    The version that the sketch states beats the given one, which beats the one in its name; without any of them, the
    beginning of its SHA-256 stands for it. Raises a translated error when it must not be flashed.
    """
    if version is not None and not VERSION.fullmatch(version):
        raise validation_error("source_bad_version", version=version)
    try:
        sketch = await async_inspect(board.hass, fetched.image, board.model, board.storage, allow)
    except SketchRefused as err:
        raise sketch_error(err, fetched.name) from err

    async def load() -> tuple[Sketch, str | None]:
        return sketch, fetched.signature

    claimed = version or version_of_file(fetched.name)
    return InstallRequest(
        version=label_for(board, sketch, claimed),
        file=fetched.name,
        load=load,
        password=password,
        claimed=claimed,
        allow=allow,
    )


def label_for(board: BoardCoordinator, sketch: Sketch, claimed: str | None = None) -> str:
    """Return what to call a sketch that comes from no source: as it was called, or as no other one is."""
    history = {flash.sha256: flash.version for flash in board.record.history}
    labels = {sha256: seen.label for sha256, seen in board.record.seen.items()} | history
    last, version = labels.pop(sketch.sha256, None), sketch.version or claimed
    possible = possible_labels(bare(version or sketch.sha256[:8]), sketch.sha256)
    if last and (version is None or last in possible):
        return last
    return next(label for label in possible if label not in labels.values())


async def async_prepare(board: BoardCoordinator, request: InstallRequest) -> Order:
    """Return what is to be flashed. Raises a translated HomeAssistantError if it cannot be had, or must not be flashed."""
    try:
        async with asyncio.timeout(PREPARE_TIMEOUT):
            sketch, signature = await request.load()
        await async_verify_signature(board, request, sketch, signature)
    except TimeoutError:
        raise translated_error("prepare_timeout", file=request.file) from None
    except SourceError as err:
        raise source_error(err) from err
    except SketchRefused as err:
        raise sketch_error(err, request.file) from err
    except ImageLost as err:
        raise translated_error("image_lost", board=board.name, version=request.version) from err
    return Order(
        sketch=sketch,
        version=request.version,
        password=request.password,
        signature=signature,
        storage=board.storage,
    )


async def async_running_sketch(board: BoardCoordinator) -> Sketch | None:
    """Return the sketch that the board runs, None where its image is not at hand."""
    if (running := board.record.running) is None:
        return None
    try:
        return await async_inspect(board.hass, await board.images.load(running.sha256), None, None, OVERRIDABLE)
    except ImageLost, SketchRefused:
        return None


async def async_verify_signature(
    board: BoardCoordinator, request: InstallRequest, sketch: Sketch, signature: str | None
) -> None:
    """Raise a translated HomeAssistantError if a key is trusted and the signature is not good."""
    if not board.config_entry.options.get(CONF_PUBLIC_KEY):
        return
    if signature is None:
        raise validation_error("signature_missing", file=request.file)
    # What the image says of its version is signed, what others say is not. The label of a rebuild has the beginning of
    # its SHA-256 behind the version.
    shown = request.version.partition(" (")[0] if sketch.version else request.claimed
    try:
        await async_verify(board.hass, board.config_entry, sketch, signature, bare(shown) if shown else None)
    except SignatureRefused as err:
        raise sketch_error(err, request.file) from err
