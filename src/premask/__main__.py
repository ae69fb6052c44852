"""Run as ``python -m premask``."""

from premask.cli.main import main

main()
