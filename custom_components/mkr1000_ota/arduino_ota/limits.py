"""How much, how large and how long: the limits of everything that comes from outside, beside each other."""

from typing import Final

# Bytes. The whole flash of the board is 256 KiB: what does not fit into that is no sketch for it.
IMAGE: Final = 256 * 1024
# An Intel HEX of a whole flash has three times its size, and the inspector then says that it is one.
FILE: Final = 1024 * 1024
# The notes alone may take four bytes a character.
DESCRIPTION: Final = 512 * 1024
# minisign's own limit for a trusted comment is 8 KiB; the rest of a signature file is small.
SIGNATURE: Final = 16 * 1024
MANIFEST: Final = 1024 * 1024
# GitHub's list of releases, and the header lines of one response: the redirects of its downloads have 9 KiB.
RELEASE_LIST: Final = 8 * 1024 * 1024
HEADER_LINE: Final = 64 * 1024

# Characters. Long enough for any changelog that someone reads before an update.
NOTES: Final = 64 * 1024
LINE: Final = 255
URL: Final = 2048
# Linux opens no longer one (PATH_MAX).
PATH: Final = 4096
# The board reads at most a line of headers.
PASSWORD: Final = 256
# A name that mDNS carries is one label of a domain name (RFC 1035, 2.3.4).
NAME: Final = 63

# How many. Far more than a folder of sketches holds: a look must not take longer because of a stray million of files.
FOLDER_ENTRIES: Final = 4096
SKETCHES: Final = 100
FINDINGS: Final = 20
# What GitHub shows of releases at once, and the files that it allows in each.
RELEASES: Final = 100
ASSETS: Final = 1000
REDIRECTS: Final = 5
JSON_DEPTH: Final = 32

# A board puts one address into a packet; a reflector may put some boards together. Bounds what a made-up one sets off.
BOARDS_PER_PACKET: Final = 16
# More boards than any network has: what somebody who makes up announcements can have us remember.
SIGHTINGS: Final = 4096
# More than the longest body ("Internal Server Error"), the longest line and the headers (3) of any board's response.
# Whoever sends more is none.
BOARD_BODY: Final = 64
BOARD_LINE: Final = 256
BOARD_HEADERS: Final = 8

# Seconds: for a connection, for the next byte, for the whole of a download, for a scan of a folder.
CONNECT: Final = 10.0
SILENCE: Final = 15.0
DOWNLOAD: Final = 60.0
FOLDER: Final = 60.0
# A clock that is wrong at either end must not silence a source for good.
PAUSE: Final = 24 * 3600.0
