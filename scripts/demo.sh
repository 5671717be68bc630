#!/usr/bin/env bash
# From nothing to a scored mesh and a video: bash scripts/demo.sh [minutes of training]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
minutes="${1:-3}"
[[ "$minutes" =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "usage: bash scripts/demo.sh [minutes of training]" >&2; exit 2; }
bash scripts/setup.sh
export PATH="$PWD/.venv/bin:$PATH"
export PYTHONWARNINGS=ignore  # deprecations inside nerfstudio, dozens of lines

out=demo/run
idr-neus sample-scene demo/scene
rm -rf "$out"

ns-train neus-idr-fast --data demo/scene --max-minutes "$minutes" \
    --vis viewer --viewer.quit-on-train-completion True \
    --output-dir demo --experiment-name run --timestamp last
config="$out/neus-idr-fast/last/config.yml"

ns-export mesh --load-config "$config" --output-dir "$out/mesh"
ns-render interpolate --load-config "$config" --output-path "$out/video.mp4"
idr-neus eval mesh --mesh "$out/mesh/mesh.ply" --exact demo/scene/surface.ply --json "$out/mesh_scores.json"
idr-neus eval images --load-config "$config" --save-images "$out/images" --json "$out/image_scores.json"

echo
echo "Done. What there is now:"
printf '  %-42s %s\n' \
    demo/scene/ "photographs, masks and cameras of the sample scene" \
    demo/scene/surface.ply "its exact surface" \
    "$config" "the run" \
    "$out/mesh/mesh.ply" "the reconstructed surface, in the units of the cameras" \
    "$out/mesh/mesh.json" "its frame" \
    "$out/video.mp4" "a flight between the held-out views" \
    "$out/images/" "held-out views: photograph, rendering, normals" \
    "$out/mesh_scores.json" "distance between the two surfaces" \
    "$out/image_scores.json" "PSNR, SSIM and mask IoU of the held-out views"
echo "Look around in it: .venv/bin/ns-viewer --load-config $config"
