"""Plans for other programs: one file per format, found by its name.

A module has one object ``PLUGIN`` that fits ``core.protocols.Export``. Adding a format is adding a file.
"""
