"""When a server wants to be left alone, as its answer's headers say it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

# Without a stated time, GitHub's documentation asks for a minute at least.
_UNSTATED = 60.0
# A clock that is wrong at either end must not silence a source for good.
_LONGEST = 24 * 3600.0


def is_limit(status: int, headers: Mapping[str, str]) -> bool:
    """Return whether an answer refuses because of too many requests.

    GitHub says so with 429, or with 403 and either of two headers; others with 503 and Retry-After.
    """
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return True
        case HTTPStatus.FORBIDDEN:
            return "Retry-After" in headers or is_exhausted(headers)
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return "Retry-After" in headers
    return False


def is_exhausted(headers: Mapping[str, str]) -> bool:
    """Return whether the answer says that the next request would be one too many."""
    return headers.get("X-RateLimit-Remaining", "").strip() == "0"


def pause(headers: Mapping[str, str], now: datetime) -> float:
    """Return for how many seconds no request should follow.

    Times of day are compared with the server's own clock where the answer tells it: the one here may be wrong.
    """
    server_now = _http_date(headers.get("Date", "")) or now
    retry_after = headers.get("Retry-After", "").strip()
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if retry_after.isdecimal():
        seconds = float(retry_after)
    elif date := _http_date(retry_after):
        seconds = (date - server_now).total_seconds()
    elif reset.isdecimal() and is_exhausted(headers):
        seconds = float(reset) - server_now.timestamp()
    else:
        seconds = _UNSTATED
    return min(max(seconds, 1.0), _LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
