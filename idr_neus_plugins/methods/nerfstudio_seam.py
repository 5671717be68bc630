"""What nerfstudio's own commands learn from this package.

They are fixed, but a plug-in is loaded while the command's module is itself still being imported: neither its names nor
its ``entrypoint`` exist yet, and whatever we assigned would be overwritten by the rest of the module. So the module
gets a class on which that name is a property. ``from nerfstudio.scripts.exporter import entrypoint``, the first line of
the ``ns-export`` script, then passes through it once the module is complete, and there the module is amended:

- every command ends with the message of a UserError, and after Ctrl-C or SIGTERM, without a stack trace;
- all of them read a run's ``config.yml`` without doing what a stranger may have written there;
- runs of our methods are opened with weights that fit exactly; of other methods, as nerfstudio does it;
- ``ns-export`` has a subcommand ``mesh``; ``ns-render`` leaves no half-written film; ``ns-viewer`` is for this machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, Union

Names = dict[str, Any]
"""What a module holds."""


def amend_nerfstudio() -> None:
    """Called when our methods are loaded. Amends what is being imported; in other programs than commands, nothing."""
    _when_read("nerfstudio.utils.eval_utils", "eval_setup", _open_runs_safely)
    _when_read("nerfstudio.scripts.train", "entrypoint", _read_configurations_safely)
    _when_read("nerfstudio.scripts.exporter", "entrypoint", _add_mesh)
    _when_read("nerfstudio.scripts.render", "entrypoint", _render_whole_films)
    _when_read("nerfstudio.scripts.eval", "entrypoint", lambda names: None)
    _when_read("nerfstudio.scripts.viewer.run_viewer", "entrypoint", _stay_on_this_machine)


def _when_read(module: str, name: str, amend: Callable[[Names], None]) -> None:
    """Calls ``amend`` when ``module.name`` is read for the first time."""
    loading = sys.modules.get(module)
    if loading is None:
        return
    amended = False

    def read(self: ModuleType) -> Any:
        nonlocal amended
        names = vars(self)
        if name not in names:
            raise AttributeError(name, name=name, obj=self)
        if not amended:
            amended = True
            amend(names)
            if name == "entrypoint":
                names[name] = _with_messages(names[name])
        return names[name]

    loading.__class__ = type("Amended", (ModuleType,), {name: property(read)})


def _with_messages(entrypoint: Callable[[], None]) -> Callable[[], None]:
    @wraps(entrypoint)
    def told() -> None:
        from idr_neus_plugins.command import command

        with command():
            entrypoint()

    return told


def _open_runs_safely(names: Names) -> None:
    stock = names["eval_setup"]

    @wraps(stock)
    def eval_setup(config_path, eval_num_rays_per_chunk=None, test_mode: Any = "test", update_config_callback=None):
        from idr_neus_plugins.errors import user_errors
        from idr_neus_plugins.run import open_run, read_trainer_config
        from idr_neus_plugins.training.trainer import SurfaceTrainerConfig

        def changed(config):
            if eval_num_rays_per_chunk:
                config.pipeline.model.eval_num_rays_per_chunk = eval_num_rays_per_chunk
            return config if update_config_callback is None else update_config_callback(config)

        with user_errors():
            config = read_trainer_config(config_path)
            if isinstance(config, SurfaceTrainerConfig):
                run = open_run(config_path, config, test_mode, changed)
                return run.config, run.pipeline, run.checkpoint, run.step
        return stock(config_path, eval_num_rays_per_chunk, test_mode, update_config_callback)

    names["eval_setup"] = eval_setup


def _read_configurations_safely(names: Names) -> None:
    stock = names["main"]

    def main(config) -> None:
        if config.load_config is not None:
            from idr_neus_plugins.run import read_trainer_config

            written = read_trainer_config(config.load_config)
            for where in ("load_dir", "load_step", "load_checkpoint"):  # nerfstudio drops these without a word
                setattr(written, where, getattr(config, where) or getattr(written, where))
            for who in ("websocket_host", "make_share_url"):  # decided by who runs it, not by who wrote it
                setattr(written.viewer, who, getattr(config.viewer, who))
            written.load_config = None
            config = written
        stock(config)

    names["main"] = main


def _add_mesh(names: Names) -> None:
    """nerfstudio's list of exporters is a fixed Union that ``entrypoint`` hands to tyro."""
    from idr_neus_plugins.cli.export_mesh import ExportMesh, MeshCommand

    stock = names["Commands"]
    names["Commands"] = Union[stock, Annotated[ExportMesh, MeshCommand]]  # noqa: UP007


def _render_whole_films(names: Names) -> None:
    """The command writes with mediapy, straight to the final name."""
    from idr_neus_plugins.reports.films import WholeFilm, write_picture

    names["media"] = SimpleNamespace(**{**vars(names["media"]), "VideoWriter": WholeFilm, "write_image": write_picture})


def _stay_on_this_machine(names: Names) -> None:
    stock = names["_start_viewer"]

    @wraps(stock)
    def start(config, pipeline, step) -> None:
        from idr_neus_plugins.serving import THIS_MACHINE, guard_viser
        from idr_neus_plugins.training.trainer import SurfaceTrainerConfig

        guard_viser()
        asked = any(word.replace("_", "-").startswith("--viewer.websocket-host") for word in sys.argv)
        if isinstance(config, SurfaceTrainerConfig) and not asked:
            config.viewer.websocket_host = THIS_MACHINE
        stock(config, pipeline, step)

    names["_start_viewer"] = start
