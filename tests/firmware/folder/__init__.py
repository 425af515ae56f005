"""Tests of sketches in a folder."""
