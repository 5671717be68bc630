"""From photographs to a scene: the steps of ``idr-neus prepare``, one file each."""
