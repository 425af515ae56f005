"""A runnable stand-in for MKR1000 boards. It shares no code with the integration."""

from .board import VirtualBoard
from .firmware import Firmware
from .multicast import Air
from .options import BoardOptions, Fault
from .records import Event, Request

__all__ = ["Air", "BoardOptions", "Event", "Fault", "Firmware", "Request", "VirtualBoard"]
