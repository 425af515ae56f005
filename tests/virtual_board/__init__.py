"""A runnable stand-in for MKR1000 boards. It shares no code with the integration."""

from tests.virtual_board.board import VirtualBoard
from tests.virtual_board.firmware import Firmware
from tests.virtual_board.multicast import Air
from tests.virtual_board.options import BoardOptions, Fault
from tests.virtual_board.records import Event, Request

__all__ = ["Air", "BoardOptions", "Event", "Fault", "Firmware", "Request", "VirtualBoard"]
