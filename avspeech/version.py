"""The version of avspeech, which `setup.cfg`, the command line and exported files read."""

__version__ = "0.1.0"
