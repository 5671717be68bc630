"""Sets of shapes as nerfstudio reads them."""
