"""``python -m pycinspect``."""

from pycinspect.cli import main

main(prog_name="pycinspect")
