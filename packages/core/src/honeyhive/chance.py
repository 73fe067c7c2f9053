"""Random numbers that leave the program's own generator alone.

A program seeds the global one and expects the same numbers again, also while our worker waits for a random time; and two runs
with equal seeds would get equal ids, and become one session.
"""

import os
import random
from typing import Final

chance: Final = random.Random()  # noqa: S311  ids and waits need to differ, not to be secret
os.register_at_fork(after_in_child=chance.seed)
