"""What is in a folder that is in no known layout, and what can be done about it."""

from __future__ import annotations

from pathlib import Path

from idr_neus_plugins.data.files import IMAGE_SUFFIXES, PHONE_SUFFIXES, first_folder, list_images, visible_folders

LAYOUTS = (
    "Scenes have cameras: cameras_sphere.npz, transforms.json, transforms_train.json, meta_data.json, a COLMAP model "
    "(sparse/0), poses_bounds.npy, Metashape's cameras.xml, RealityCapture's table, Polycam's keyframes/ or "
    "BlendedMVS's cams/."
)
VIDEOS = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"})


def what_is_there(path: Path) -> str:
    """A message for the user: what was found, and the command or change that helps."""
    if path.is_file():
        if path.suffix.lower() in VIDEOS:
            return f"{path} is a video without cameras. Estimate them: idr-neus prepare {path} --output SCENE"
        if path.suffix.lower() in (".zip", ".gz", ".tar", ".7z", ".rar"):
            return f"{path} is an archive. Unpack it and name the folder."
        return f"{path} is a file; a folder, or a json file with cameras, is expected."
    return next(
        said for look in (_photographs, _phone, _cameras, _deeper, _nothing) if (said := look(path)) is not None
    )


def _photographs(path: Path) -> str | None:
    places = [path, *(found for name in ("images", "image", "input", "rgb") if (found := first_folder(path, name)))]
    for place in places:
        deeper = [place, *visible_folders(place)] if place != path else [place]
        count, where = next(((len(list_images(each)), each) for each in deeper if list_images(each)), (0, place))
        if count:
            return (
                f"{path} holds {count} photographs ({where}) but no cameras. Estimate them: idr-neus prepare {where} "
                f"--output SCENE, and train on SCENE. {LAYOUTS}"
            )
    return None


def _phone(path: Path) -> str | None:
    for place in (path, *visible_folders(path)):
        raw = [each for each in place.iterdir() if each.suffix.lower() in PHONE_SUFFIXES]
        if raw:
            kind = raw[0].suffix[1:].upper()
            return (
                f"{place} holds {len(raw)} photographs as {kind} ({raw[0].name}, …), which is not read. Convert them "
                "to JPEG of the same names (or let the phone export JPEG), at full size."
            )
    return None


def _cameras(path: Path) -> str | None:
    """Cameras without photographs."""
    found = next((name for name in ("cameras_sphere.npz", "cameras.npz") if (path / name).is_file()), None)
    if found is None:
        return None
    return f"No images: {path} has {found} but needs a folder image/ or images/ with .png or .jpg files."


def _deeper(path: Path) -> str | None:
    """Scenes lie one folder further down."""
    from idr_neus_plugins.data.formats.reading import find_reader

    scenes = [each for each in visible_folders(path) if find_reader(each) is not None]
    if not scenes:
        return None
    return f"{path} is no scene, but holds {len(scenes)}: name one of them, as {scenes[0]}."


def _nothing(path: Path) -> str:
    there = sorted(each.name for each in path.iterdir() if each.name[0] != ".")[:6]
    found = ", ".join(there) if there else "nothing"
    kinds = ", ".join(sorted(IMAGE_SUFFIXES))
    return (
        f"No images: {path} holds {found}. It needs photographs ({kinds}) in image/ or images/, and cameras. {LAYOUTS}"
    )
