"""One neutral scene, and its readers and writers: IDR/NeuS, nerfstudio, SDFStudio, COLMAP, BlendedMVS."""
