"""Hearing boards: what the records of a packet say, and what is remembered of it."""

import socket

import pytest
from zeroconf import (
    DNSAddress,
    DNSPointer,
    DNSRecord,
    DNSService,
    DNSText,
    RecordUpdate,
    Zeroconf,
)

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.discovery.announcements import Sighting, can_be_board
from custom_components.mkr1000_ota.arduino_ota.discovery.sightings import Sightings, query
from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from tests.discovery.announcements import QUERY, announcement, records
from tests.virtual_board.announcement import answer

IN = 1
UNIQUE = 0x8000 | IN
SERVICE = "_arduino._tcp.local."


def heard(packet: bytes) -> list[Sighting]:
    """Return what one packet makes known."""
    sightings = Sightings()
    sightings.hear(records(packet))
    return list(sightings)


def pointer(name: str = "Arduino", *, type_: int = 12, class_: int = IN, ttl: int = 4500) -> DNSPointer:
    return DNSPointer(SERVICE, type_, class_, ttl, f"{name}.{SERVICE}")


def text(name: str = "Arduino", value: bytes = b"\x0dboard=mkr1000") -> DNSText:
    return DNSText(f"{name}.{SERVICE}", 16, UNIQUE, 4500, value)


def service(name: str = "Arduino", *, port: int = 65280, host: str = "Arduino.local.") -> DNSService:
    return DNSService(f"{name}.{SERVICE}", 33, UNIQUE, 120, 0, 0, port, host)


def address(value: str = "127.0.0.11", *, host: str = "Arduino.local.", class_: int = UNIQUE) -> DNSAddress:
    return DNSAddress(host, 1, class_, 120, socket.inet_aton(value))


def addresses_of(*said: DNSRecord) -> list[str]:
    """Return the addresses that records of one packet make known."""
    sightings = Sightings()
    sightings.hear(said)
    return [sighting.address for sighting in sightings]


def test_the_question_is_the_one_that_boards_answer() -> None:
    assert query().packets() == [QUERY]
    assert len(QUERY) == 37


def test_the_virtual_board_says_the_same() -> None:
    """Two readings of the same facts."""
    assert answer("Garage", "192.168.1.20", 65280, "mkr1000") == announcement("Garage", "192.168.1.20")


@pytest.mark.parametrize(("board", "library"), [("mkr1000", Library.WIFI101OTA), ("arduino", Library.ARDUINOOTA)])
def test_a_board_is_heard_with_all_it_says(board: str, library: Library) -> None:
    [sighting] = heard(announcement("Garage", "192.168.1.20", board=board, port=65281))

    assert sighting == Sighting("192.168.1.20", 65281, "Garage", board, library, sighting.seen)


def test_boards_of_one_name_are_told_apart_by_their_addresses() -> None:
    sightings = Sightings()
    for last in range(1, 11):
        sightings.hear(records(announcement("Arduino", f"10.0.0.{last}")))

    assert [sighting.address for sighting in sightings] == [f"10.0.0.{last}" for last in range(1, 11)]
    assert {sighting.name for sighting in sightings} == {"Arduino"}


def test_a_board_that_moved_to_another_address_is_known_at_both_until_forgotten() -> None:
    sightings = Sightings()
    sightings.hear(records(announcement("Pump", "10.0.0.1")))
    sightings.hear(records(announcement("Lamp", "10.0.0.1")))
    sightings.hear(records(announcement("Pump", "10.0.0.2")))

    assert {sighting.address: sighting.name for sighting in sightings} == {"10.0.0.1": "Lamp", "10.0.0.2": "Pump"}


def test_every_repeat_is_told_with_its_own_time() -> None:
    told: list[Sighting] = []
    sightings = Sightings(told.append)
    for _ in range(3):
        sightings.hear(records(announcement()))

    assert len(told) == 3
    assert told[0].seen <= told[1].seen <= told[2].seen
    assert list(sightings) == [told[2]]
    assert sightings.get("127.0.0.11") is told[2]
    assert sightings.get("127.0.0.12") is None


@pytest.mark.parametrize(
    "name",
    [
        "Küche",
        "pä ß:x",
        "my.board.local",
        "Arduino._arduino._tcp.local",
        "🔥" * 15,
        "İstanbul",
        "a" * 63,
        "%s {name} <b>",
        "-",
    ],
)
def test_a_name_may_hold_whatever_fits_a_label(name: str) -> None:
    assert [sighting.name for sighting in heard(announcement(name))] == [name]


@pytest.mark.parametrize("name", ["", "a" * 64, "a" * 191, b"\xc0" * 200])
def test_a_name_that_is_no_label_is_not_heard(name: str | bytes) -> None:
    assert not heard(announcement(name))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("one\r\ntwo\x00\x1b[31m\u2028three", "one two [31m three"),
        ("nedraG\u202e\u200b", "nedraG"),
        (" garden\t", "garden"),
    ],
)
def test_a_name_is_made_fit_to_be_shown(said: str, name: str) -> None:
    assert [sighting.name for sighting in heard(announcement(said))] == [name]


def test_a_name_that_cannot_be_seen_is_not_heard() -> None:
    assert not heard(announcement("\u200b\u2800"))


def test_a_name_in_another_encoding_is_heard() -> None:
    [sighting] = heard(announcement("Küche".encode("latin-1")))
    assert sighting.name == "K�che"


@pytest.mark.parametrize("board", ["esp8266", "ESP8266_WEMOS_D1MINI", "esp32", "mkr1010", "mkr10001", "", "MKR 1000"])
def test_other_kinds_of_boards_are_left_alone(board: str) -> None:
    assert not heard(announcement(board=board))


@pytest.mark.parametrize("unusable", ["0.0.0.0", "0.1.2.3", "224.0.0.251", "239.1.2.3", "240.0.0.1", "255.255.255.255"])
def test_an_address_that_no_board_can_have_is_not_heard(unusable: str) -> None:
    assert not heard(announcement(address=unusable))


@pytest.mark.parametrize("usable", ["127.0.0.1", "169.254.1.2", "10.0.0.255", "192.168.1.1", "223.255.255.254"])
def test_any_other_address_is_heard(usable: str) -> None:
    assert [sighting.address for sighting in heard(announcement(address=usable))] == [usable]


def test_names_compare_in_any_case_and_order() -> None:
    said = (
        address(host="ARDUINO.local."),
        service("aRDUINO", host="arduino.LOCAL."),
        text("ARDUINO"),
        DNSPointer("_Arduino._TCP.local.", 12, IN, 4500, "Arduino._ARDUINO._tcp.Local."),
    )
    sightings = Sightings()
    sightings.hear(said)
    assert [(sighting.address, sighting.name) for sighting in sightings] == [("127.0.0.11", "Arduino")]


@pytest.mark.parametrize("missing", range(4))
def test_each_of_the_four_records_is_needed(missing: int) -> None:
    said: list[DNSRecord] = [pointer(), text(), service(), address()]
    assert addresses_of(*said) == ["127.0.0.11"]
    del said[missing]
    assert addresses_of(*said) == []


@pytest.mark.parametrize(
    "said",
    [
        (pointer(ttl=0), text(), service(), address()),
        (pointer(type_=5), text(), service(), address()),
        (pointer(class_=3), text(), service(), address()),
        (pointer(), text(), service(port=0), address()),
        (pointer(), text(), service(), address(class_=3)),
        (pointer(), text(), service(), address(host="other.local.")),
        (pointer("Other"), text(), service(), address()),
        (pointer(), text("Other"), service(), address()),
        (pointer(), text(), service("Other"), address()),
        (DNSPointer(SERVICE, 12, IN, 4500, SERVICE), text(), service(), address()),
        (DNSPointer(SERVICE, 12, IN, 4500, "Arduino._http._tcp.local."), text(), service(), address()),
        (pointer(), text(), service(), DNSAddress("Arduino.local.", 28, UNIQUE, 120, b"\xfe\x80" + bytes(14))),
    ],
)
def test_records_that_do_not_belong_together_are_nothing(said: tuple[DNSRecord, ...]) -> None:
    assert addresses_of(*said) == []


@pytest.mark.parametrize(
    ("strings", "is_board"),
    [
        (b"\x0dBoard=mkr1000", True),
        (b"\x00\x01x\x0dboard=mkr1000", True),
        (b"\x0dboard=arduino\x0dboard=esp8266", True),
        (b"\x0dboard=esp8266\x0dboard=arduino", False),
        (b"\x05board\x0dboard=mkr1000", False),
        (b"\x0eboard=mkr1000\x00", False),
        (b"\x0dboard=mkr100", False),
        (b"\xffboard=mkr1000", True),
        (b"\x08board=\xff\xfe", False),
        (b"", False),
    ],
)
def test_a_text_is_read_by_the_rules(strings: bytes, is_board: bool) -> None:
    assert bool(addresses_of(pointer(), text(value=strings), service(), address())) is is_board


def test_a_packet_about_several_boards_makes_all_known() -> None:
    """A reflector between two networks may put the answers of several boards together."""
    said = (
        *(pointer(), text(), service(), address("10.0.0.1"), address("10.0.0.2")),
        *(pointer("Lamp"), text("Lamp"), service("Lamp", host="Lamp.local."), address("10.0.0.3", host="Lamp.local.")),
        *(pointer("Esp"), text("Esp", b"\x0bboard=esp32"), service("Esp", host="Esp.local.")),
        address("10.0.0.4", host="Esp.local."),
    )
    assert addresses_of(*said) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_one_packet_makes_no_more_known_than_any_reflector_puts_together() -> None:
    made_up = [address(f"10.0.{number // 250}.{number % 250}") for number in range(500)]
    assert len(addresses_of(pointer(), text(), service(), *made_up)) == limits.BOARDS_PER_PACKET


@pytest.mark.parametrize(
    ("said", "port", "believed"),
    [
        ("192.168.1.20", 65280, True),
        ("10.77.0.2", 65280, True),
        ("203.0.113.5", 65280, True),  # a reflector between networks: a person decides
        ("192.168.1.20", 9100, False),
        ("192.168.1.20", 80, False),
        ("127.0.0.1", 65280, False),
        ("127.8.9.10", 65280, False),
        ("169.254.1.2", 65280, False),
        ("0.0.0.0", 65280, False),
        ("224.0.0.251", 65280, False),
        ("255.255.255.255", 65280, False),
        ("192.168.1.2", 65280, False),  # this host
        ("fe80::1", 65280, False),
        ("garden.local", 65280, False),
        ("", 65280, False),
    ],
)
def test_only_what_a_board_can_be_is_asked_whether_it_is_one(said: str, port: int, believed: bool) -> None:
    assert can_be_board(said, port, {"192.168.1.2", "10.77.0.1"}) is believed


def test_what_was_heard_last_is_kept_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGHTINGS", 3)
    sightings = Sightings()
    for last in (1, 2, 3, 1, 4, 5):
        sightings.hear(records(announcement(address=f"10.0.0.{last}")))

    assert [sighting.address for sighting in sightings] == ["10.0.0.1", "10.0.0.4", "10.0.0.5"]
    assert len(sightings) == 3


def test_records_that_run_out_in_the_cache_are_no_sighting() -> None:
    said = records(announcement())
    told: list[Sighting] = []
    sightings = Sightings(told.append)
    cache_keeper = Zeroconf.__new__(Zeroconf)

    sightings.async_update_records(cache_keeper, 0.0, [RecordUpdate(record, record) for record in said])
    sightings.async_update_records(cache_keeper, 0.0, [])
    assert not told

    sightings.async_update_records(cache_keeper, 0.0, [RecordUpdate(record, None) for record in said])
    assert [sighting.address for sighting in told] == ["127.0.0.11"]


def test_what_is_told_may_look_at_all_that_is_known() -> None:
    known: list[list[str]] = []
    sightings = Sightings(lambda _: known.append([sighting.address for sighting in sightings]))
    sightings.hear([pointer(), text(), service(), address("10.0.0.1"), address("10.0.0.2")])
    assert known == [["10.0.0.1"], ["10.0.0.1", "10.0.0.2"]]
