"""To be imported before Numba starts its threads.

Numba starts OpenMP threads of its own beside PyTorch's. By default both kinds spin while they wait and so keep each
other off the cores: on a machine that has anything else to do, a step then takes 30 times longer (measured).
Read when Numba loads its OpenMP, later than PyTorch has loaded its own.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
