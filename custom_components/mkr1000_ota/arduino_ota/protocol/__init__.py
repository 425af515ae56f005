"""The protocol of the OTA libraries: requests, responses, and a body at the pace at which a board takes it."""
