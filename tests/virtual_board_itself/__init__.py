"""Tests that the virtual board behaves like the hardware."""
