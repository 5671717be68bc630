"""Fields over space that an image conditions."""
