"""Tests of sketches in the releases of a repository."""
