"""Sketches that are attached to the releases of a GitHub repository.

The API is documented at https://docs.github.com/en/rest/releases and, for its rate limits, at
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

import re

API = "https://api.github.com"

_API_VERSION = "2022-11-28"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", re.ASCII)
# A page counts as one request, of which GitHub allows 60 an hour without a token.
_RELEASES_A_PAGE = 30
_MOST_PAGES = 3
_LARGEST_PAGE = 4 * 1024 * 1024
_LARGEST_CHECKSUMS = 64 * 1024
