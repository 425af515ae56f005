"""Tests of where sketches come from."""
