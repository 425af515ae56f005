"""Tests of the integration, and the virtual board that they run against."""
