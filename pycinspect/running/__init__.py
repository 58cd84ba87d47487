"""In how many processes?

Work that others describe, done by several processes of our own at once: bytes go there, bytes come
back. A process that dies is one lost piece of work. What starts them is in ``pool``, which costs
more to import. Uses ``errors``.
"""

from pycinspect.running.cores import LOST, can_start, usable_cores

__all__ = ["LOST", "can_start", "usable_cores"]
