"""A test must not fail because the machine is busy: hypothesis sets no deadlines here."""

from hypothesis import settings

settings.register_profile("fasttrace", deadline=None)
settings.load_profile("fasttrace")
