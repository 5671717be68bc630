"""From photographs and cameras to rays: data parsers, masks, the split, the pixel store, the sample scene."""
