"""sciner: what a labelled sentence is worth, measured."""


def __getattr__(name: str) -> str:
    """``__version__``, looked up when it is asked for: that takes a tenth of ``sciner --help``."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sciner")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0.0.0"
