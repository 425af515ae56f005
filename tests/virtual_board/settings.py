"""Board options out of JSON and out of command lines."""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from ipaddress import IPv4Address
from pathlib import Path
import re
from typing import Any, Literal, TypeAliasType, get_args, get_origin, get_type_hints

from tests.virtual_board.behavior import Behavior
from tests.virtual_board.firmware import Firmware
from tests.virtual_board.options import BoardOptions, Fault

TYPES = get_type_hints(BoardOptions)
ONLY_IN_JSON = {"images", "behavior", "behaviors"}
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class SettingError(Exception):
    """A setting that makes no sense, in words."""


def changed(options: BoardOptions, settings: Mapping[str, object]) -> BoardOptions:
    """The options with some of them replaced by what JSON says; raises SettingError.

    An image is the path of a file, a fault is "reset@1000" or "stall@1000:2.5" (seconds), images maps a SHA-256 to the
    facts of the sketch.
    """
    try:
        return replace(options, **{key: _value(key, given) for key, given in settings.items()})
    except ValueError as error:
        raise SettingError(str(error)) from error


def _value(key: str, given: object) -> Any:
    """One option; that its type is right is found out here, at run time."""
    match key, given:
        case _, _ if key not in TYPES:
            raise SettingError(f"{key} is no option; there are {', '.join(TYPES)}")
        case "image", str(path):
            try:
                return Path(path).read_bytes()
            except OSError as error:
                raise SettingError(f"{path} cannot be read: {error.strerror}") from error
        case "fault", str(text):
            return _fault(text)
        case "address", str(text):
            try:
                return str(IPv4Address(text))
            except ValueError as error:
                raise SettingError(f"{text!r} is no IPv4 address") from error
        case "mac", str(text) if not MAC.fullmatch(text):
            raise SettingError(f"{text!r} is no hardware address like f8:f0:05:00:00:01")
        case "images", {**images}:
            return {sha256: _made(Firmware, facts) for sha256, facts in images.items()}
        case "behavior", {**facts}:
            return _made(Behavior, facts)
        case "behaviors", {**images}:
            return {sha256: _made(Behavior, facts) for sha256, facts in images.items()}
    if not any(_fits(given, kind) for kind in _kinds(key)):
        raise SettingError(f"{given!r} is no {key}")
    return given


def _kinds(key: str) -> Iterable[object]:
    kind = TYPES[key].__value__ if isinstance(TYPES[key], TypeAliasType) else TYPES[key]
    return (kind,) if isinstance(kind, type) or get_origin(kind) is Literal else get_args(kind)


def _fits(given: object, kind: object) -> bool:
    if get_origin(kind) is Literal:
        return given in get_args(kind)
    if kind is float:
        return isinstance(given, int | float) and not isinstance(given, bool)
    return isinstance(kind, type) and type(given) is kind


def _fault(text: str) -> Fault:
    kind, _, place = text.partition("@")
    at, _, seconds = place.partition(":")
    try:
        lasting = float(seconds) if seconds else None
        match kind:
            case "reset" | "power_loss" | "wifi_drop" | "stall":
                return Fault(int(at), kind, lasting)
    except ValueError:
        pass
    raise SettingError(
        f"{text!r} is no fault: reset@BYTE, power_loss@BYTE, wifi_drop@BYTE, stall@BYTE or stall@BYTE:SECONDS"
    )


def _made[T](kind: type[T], facts: Any) -> T:
    try:
        return kind(**facts)
    except TypeError as error:
        raise SettingError(f"{facts!r} does not describe a sketch") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One argument for each option, --seconds-per-byte for seconds_per_byte and so on."""
    for option in fields(BoardOptions):
        flag = "--" + option.name.replace("_", "-")
        kinds = tuple(_kinds(option.name))
        if option.name in ONLY_IN_JSON:
            continue
        if kinds == (bool,):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
        elif kinds in ((int,), (float,)):
            parser.add_argument(flag, type=TYPES[option.name], default=argparse.SUPPRESS)
        else:
            words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
            parser.add_argument(flag, choices=words or None, default=argparse.SUPPRESS)


def consecutive(options: BoardOptions, count: int) -> list[BoardOptions]:
    """So many boards that differ in nothing but address and MAC, each one higher than the one before."""
    first = int(options.mac.replace(":", ""), 16)
    return [
        replace(options, address=str(IPv4Address(options.address) + number), mac=(first + number).to_bytes(6).hex(":"))
        for number in range(count)
    ]
