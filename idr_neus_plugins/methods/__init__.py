"""One short file per method. nerfstudio loads them as entry points, in every command."""

from idr_neus_plugins.cli.nerfstudio_seam import install_export_mesh

install_export_mesh()
