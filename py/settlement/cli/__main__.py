"""Makes `python -m settlement.cli` the command."""

from settlement.cli.main import main

main()
