"""sciner: what a labelled sentence is worth, measured."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("sciner")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
