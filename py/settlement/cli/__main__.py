"""Makes `python -m settlement.cli` the command."""

from settlement.cli import main

main()
