"""``python -m sciner``."""

from sciner.cli.main import main

main()
