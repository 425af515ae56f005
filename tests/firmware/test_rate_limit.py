"""When a server wants to be left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime

from multidict import CIMultiDict
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware import rate_limit

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
IN_AN_HOUR = str(int(NOW.timestamp()) + 3600)


@pytest.mark.parametrize(
    ("status", "headers", "is_limit"),
    [
        (429, {}, True),
        (403, {"Retry-After": "60"}, True),
        (403, {"X-RateLimit-Remaining": "0"}, True),
        (403, {"X-RateLimit-Remaining": "17"}, False),
        (403, {}, False),
        (503, {"Retry-After": "60"}, True),
        (503, {}, False),
        (200, {"X-RateLimit-Remaining": "0"}, False),
    ],
)
def test_which_answers_refuse_because_of_too_many_requests(
    status: int, headers: dict[str, str], is_limit: bool
) -> None:
    assert rate_limit.is_limit(status, CIMultiDict(headers)) is is_limit


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "90"}, 90),
        ({"Retry-After": "90", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": IN_AN_HOUR}, 90),
        ({"Retry-After": "Sun, 22 Nov 2026 12:05:00 GMT"}, 300),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": IN_AN_HOUR}, 3600),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": IN_AN_HOUR}, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, 60),
        ({"Retry-After": "soon"}, 60),
        ({}, 60),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT"}, 1),
        ({"Retry-After": "99999999"}, 24 * 3600),
    ],
)
def test_how_long_to_wait(headers: Mapping[str, str], seconds: float) -> None:
    assert rate_limit.pause(CIMultiDict(headers), NOW) == seconds


def test_a_clock_that_is_wrong_does_not_matter() -> None:
    headers = CIMultiDict({"Date": DATE, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": IN_AN_HOUR})
    assert rate_limit.pause(headers, datetime(1970, 1, 1, tzinfo=UTC)) == 3600
    headers = CIMultiDict({"Date": DATE, "Retry-After": "Sun, 22 Nov 2026 12:05:00 -0000"})
    assert rate_limit.pause(headers, datetime(1970, 1, 1, tzinfo=UTC)) == 300
