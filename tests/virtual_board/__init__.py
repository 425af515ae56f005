"""A runnable stand-in for MKR1000 boards. It shares no code with the integration."""

from .board import VirtualBoard
from .firmware import Firmware
from .options import BoardOptions, Fault
from .records import Event, Request

__all__ = ["BoardOptions", "Event", "Fault", "Firmware", "Request", "VirtualBoard"]
