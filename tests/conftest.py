"""Settings of hypothesis for all tests: no deadline, since machines differ."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
