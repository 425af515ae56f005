"""The command line of the device library."""
