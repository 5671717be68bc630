"""Opening runs, under the name that scripts outside of the package know; it is done in :mod:`idr_neus_plugins.run`."""

from idr_neus_plugins.run import load_run, read_config

__all__ = ["load_run", "read_config"]
