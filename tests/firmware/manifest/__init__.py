"""Tests of sketches that a manifest offers."""
