"""Tests of boards that are somewhere else now."""
