# Home Assistant puts probatio in the place of voluptuous before an integration can import it.
from probatio import *
