"""A payload that minisign 0.11 has signed: keys of `-G -W`, signature of `-S -t … -c …`."""

PAYLOAD = b"a small sketch\n"
KEY = "RWT7zw5jS5dHvJRQ/Goi1mEXhTMQkHeDxF9QMOIzgEeTF0ImHHm8Kto5"
KEY_FILE = f"untrusted comment: minisign public key BC47974B630ECFFB\n{KEY}\n"
SIGNATURE = """untrusted comment: signed for tests
RUT7zw5jS5dHvFNjDzMnq+1t/LxM/LZT2N2b8W0DP78nnkI++HLKdclsJhOE5dpoN6suSbM67fClor7LYpi/hhy4+oKplN0RIwA=
trusted comment: blinds 1.2.3 ✓
iB1+l0MTA8o91uNRFlE+4uk4CVnrg9nwA0V1lwaLQGi8WGjqk9MUYGmE2SFErm6Q95DWpVwrTY6cCZhi0wdECg==
"""
