"""One short file per method. nerfstudio loads them as entry points, in every command."""

from idr_neus_plugins.methods.nerfstudio_seam import amend_nerfstudio

amend_nerfstudio()
