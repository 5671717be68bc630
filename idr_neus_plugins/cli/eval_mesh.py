"""``idr-neus eval mesh``: how far a reconstructed surface is from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from idr_neus_plugins.errors import UserError
from idr_neus_plugins.evaluation.protocols import CullName, ScoreFrame
from idr_neus_plugins.progress import progress_bar
from idr_neus_plugins.reports.printing import print_scores
from idr_neus_plugins.writing import write_json

if TYPE_CHECKING:
    import numpy as np
    import trimesh

    from idr_neus_plugins.evaluation.scene_views import SceneViews
    from idr_neus_plugins.evaluation.scores import Scores
    from idr_neus_plugins.evaluation.truth import Truth


@dataclass
class EvalMesh:
    """Distances between a mesh and the truth, in the mesh's units. The protocol is printed and kept with the scores."""

    mesh: Path
    """The reconstructed mesh."""
    exact: Path | None = None
    """The true surface as a mesh, in the same frame: distances both ways, normals, grain, topology; with --scene also
    holes, and everything only of what the cameras see."""
    points: Path | None = None
    """Reference points as npz (`xyz` [N, 3], optionally `views` [N]): median, mean, p90, within, roughness_deg."""
    min_views: int = 0
    """Use only reference points that were seen in at least this many views."""
    roughness_radius: float | None = None
    """With --points: roughness_deg is the mean angle of the normals to their means within so far; 1 % of the diagonal
    by default. Compare meshes of one scene, with one radius."""
    dtu: Path | None = None
    """Folder with DTU's evaluation data (stlNNN_total.ply, ObsMaskNN_10.mat, PlaneNN.mat): the official protocol."""
    scan: int | None = None
    """Number of the scan, with --dtu."""
    scene: Path | None = None
    """The scene whose cameras --exact judges by, in any known layout; --cull and --frame need an IDR/NeuS folder."""
    whole: bool = False
    """With --exact and --scene: judge all of the surface, also what no camera sees."""
    from_scene: Path | None = None
    """IDR/NeuS folder of the same photographs that the mesh comes from, where its cameras are others: it is laid into
    the world of --scene first, by the similarity that takes camera centres to camera centres."""
    cull: CullName = "none"
    """Cut the mesh by the scene's masks first, grown by so many pixels of photographs 1600 wide (others scale it):
    square-50 as in NeuS's evaluation, disk-24 as in 2DGS's, disk-12."""
    icp: float | None = None
    """Lay the mesh onto the truth first (rotation and translation), by pairs at most this far apart."""
    frame: ScoreFrame = "world"
    """scene: mesh and truth go from the world to the scene's normalised frame, as for BlendedMVS's published scores."""
    thresholds: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Distances for precision_<t>, recall_<t>, fscore_<t> and within_<t>, in the units of the scores."""
    samples: int = 500_000
    """Points sampled on each surface for --exact."""
    seed: int = 0
    """Seed of sampling and thinning."""
    error_mesh: Path | None = None
    """Write the mesh (with --points: the points) coloured by its error to this PLY."""
    error_limit: float = 2.0
    """Error that is shown fully red there."""
    json: Path | None = None
    """Write the scores to this file too."""

    def main(self) -> None:
        truths = self._truths()
        if not truths:
            raise UserError("Nothing to compare with: give --exact MESH, --points NPZ or --dtu DIR.")
        if self.error_mesh is not None and len(truths) > 1:
            raise UserError("--error-mesh shows one error: give one of --exact, --points and --dtu.")
        mesh, scores = self._load_mesh(), {}
        for truth in truths:
            scores |= self._score(mesh, truth)
        if self.json is not None:
            write_json(self.json, scores | {"protocol": self._protocol()})

    def _truths(self) -> list[Truth]:
        from idr_neus_plugins.evaluation.dtu import load_dtu_scan
        from idr_neus_plugins.evaluation.reading import load_mesh, load_points
        from idr_neus_plugins.evaluation.truth import ExactMesh, ReferencePoints, StructuredLight

        truths: list[Truth] = []
        if self.exact is not None:
            exact, views = load_mesh(self.exact), self._views()
            truths.append(ExactMesh(self.exact.name, self.thresholds, exact, self.samples, self.seed, views))
        if self.points is not None:
            if self.roughness_radius is not None and not self.roughness_radius > 0:
                raise UserError("--roughness-radius must be above 0, in the units of the mesh.")
            points = load_points(self.points, self.min_views)
            name = f"{len(points):,} points of {self.points.name}"
            truths.append(ReferencePoints(name, self.thresholds, points, self.roughness_radius))
        if self.dtu is not None:
            if self.scan is None:
                raise UserError("Which scan is it? Give its number with --scan.")
            scan = load_dtu_scan(self.dtu, self.scan)
            truths.append(StructuredLight(f"DTU's scan {self.scan}", self.thresholds, scan, self.seed))
        return [truth.moved(self._scene_from_world()) for truth in truths] if self.frame == "scene" else truths

    def _views(self) -> SceneViews | None:
        if self.scene is None or self.whole:
            return None
        from idr_neus_plugins.scoring.scene_views import read_scene_views

        try:
            return read_scene_views(self.scene)
        except UserError as error:
            raise UserError(f"{error} Or judge the whole surface, seen or not, with --whole.") from None

    def _load_mesh(self) -> trimesh.Trimesh:
        from idr_neus_plugins.evaluation.reading import load_mesh
        from idr_neus_plugins.scoring.culling import cull_by_scene

        mesh = load_mesh(self.mesh)
        if self.from_scene is not None:
            mesh.apply_transform(self._world_from_other(self.from_scene))
        if self.cull != "none":
            mesh = cull_by_scene(mesh, self._scene(), self.cull)
        return mesh.apply_transform(self._scene_from_world()) if self.frame == "scene" else mesh

    def _world_from_other(self, other: Path) -> np.ndarray:
        from idr_neus_plugins.core.similarity import align_points
        from idr_neus_plugins.data.pose_files import read_scene_poses

        source, target = (read_scene_poses(folder)[:, :3, 3] for folder in (other, self._scene()))
        if len(source) != len(target):
            raise UserError(
                f"{other} has {len(source)} cameras, {self.scene} has {len(target)}. They are matched one to one: both "
                "must have all photographs."
            )
        return align_points(source, target).matrix

    def _scene(self) -> Path:
        if self.scene is None:
            raise UserError("--cull, --frame scene and --from-scene need the cameras: give the folder with --scene.")
        return self.scene

    def _scene_from_world(self):
        import numpy as np

        from idr_neus_plugins.data.idr_scene import read_idr_scene

        return np.linalg.inv(read_idr_scene(self._scene()).world_from_scene)

    def _score(self, mesh: trimesh.Trimesh, truth: Truth) -> Scores:
        from idr_neus_plugins.evaluation.error_colors import write_shape

        mesh, alignment = self._aligned(mesh, truth)
        with progress_bar() as bar:
            task = bar.add_task("Measuring (points)")
            scores = truth.scores(mesh, lambda done, total: bar.update(task, completed=done, total=total)) | alignment
        print_scores(f"{self.mesh.name} against {truth.name} ({self._protocol()})", scores)
        if scores.get("accuracy_relative", 0) > 1:
            print("The surfaces lie further apart than they are large: are both in the world frame?")
        if self.error_mesh is not None:
            write_shape(truth.colored(mesh, self.error_limit), self.error_mesh)
        return scores

    def _aligned(self, mesh: trimesh.Trimesh, truth: Truth) -> tuple[trimesh.Trimesh, Scores]:
        if self.icp is None:
            return mesh, {}
        from idr_neus_plugins.evaluation.alignment import lay_onto

        return lay_onto(mesh, truth.points(), self.icp, self.seed)

    def _protocol(self) -> str:
        """What was done before measuring; published figures differ by it."""
        units = "scene units" if self.frame == "scene" else "world units"
        cameras = "" if self.from_scene is None else "cameras aligned, "
        icp = "no ICP" if self.icp is None else f"ICP within {self.icp:g}"
        seen = "what the cameras see, " if self.exact is not None and self.scene is not None and not self.whole else ""
        return f"cull {self.cull}, {seen}{cameras}{icp}, {units}"
