"""Arduino boards over the air: find them, talk to them, inspect sketches for them, flash them.

Nothing in here knows of Home Assistant. What is said about boards was read from their libraries, WiFi101OTA
1.1.0, ArduinoOTA 1.0.6 and 1.1.1 and WiFi101 0.16.1, and seen by running those.
"""
