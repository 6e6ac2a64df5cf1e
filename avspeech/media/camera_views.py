"""What cameras beside, above and below would see of a mouth, rendered from one frontal video.

    rendered = views("talk.mp4", [Camera("left_30", yaw=30), Camera("top", pitch=30)])
    rendered["left_30"].crops     # [T, 96, 96], as `video.mouth_tracks` gives them of a real camera

The face mesh gives 468 points with depth in every frame. They carry the picture as a texture, and a
skirt of further points around them carries hair, neck and ears, which lie further back. The mesh
is turned with the head's own pose in place and drawn with a depth buffer, so that the far side of
the mouth is hidden where the lips or the nose stand before it. Lips and teeth move in depth as the
mesh says. What no part of the mesh covers is filled with a blurred picture of what lies around.

A texture has no light of its own: shadows stay where the lamp of the video put them. Beyond some 60
degrees the side of the head, which a frontal camera does not see, is stretched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avspeech.errors import InputError
from avspeech.media import face, face_tracks, heads, trails, video
from avspeech.media.mouths import STORED_CROP, MouthTrack

FINE = 2  # rendered pixels for each one of a crop, in both directions
# Into how many parts the sides of a triangle are split: as many as its longest has rendered pixels
SPLITS = (3, 5, 8, 12, 18, 27, 40, 60, 90, 130)
# Rings of the skirt: how far out from the middle of the face, and how far back, in eye distances
SKIRT = ((1.12, 0.12), (1.35, 0.5), (1.8, 1.1))
UPPER, LOWER = 13, 14  # points of the mesh: the middle of the inner lips
COARSE = 8  # rendered pixels for each one of the blurred surroundings
FARTHEST = 4.0  # eye distances before and behind the mouth between which depths are told apart
STEADY = 0.04  # seconds: deviation of the smoothing of the head's pose


@dataclass(frozen=True)
class Camera:
    """Where a camera stands.

    Attributes:
        name: of the view.
        yaw: degrees; above 0 at the speaker's left, as in `data.manifest.VIEW_ANGLES`.
        pitch: degrees; above 0 above.
        distance: from the mouth, in distances of the outer eye corners (about 9 cm); a near camera
            shows near parts larger.
        depth: factor of the mesh's depth, whose scale the network only guesses.
        light: factor of the brightness from one side of the face to the other, 1 for none.
        until: degrees of yaw at the end, where the camera goes around the head at an even speed; by
            default it stays.
    """

    name: str
    yaw: float = 0.0
    pitch: float = 0.0
    distance: float = 8.0
    depth: float = 1.0
    light: float = 1.0
    until: float | None = None

    def __post_init__(self) -> None:
        if not (abs(self.yaw) <= 90 and abs(self.until or 0) <= 90 and abs(self.pitch) <= 60):
            yaws = f"{self.yaw:g}" + ("" if self.until is None else f" to {self.until:g}")
            raise InputError(f"view '{self.name}': yaw {yaws}, pitch {self.pitch:g}; expected -90 "
                             "to 90 and -60 to 60 degrees")
        if not (self.distance >= 2 and 0.25 <= self.depth <= 4 and 0.25 <= self.light <= 4):
            raise InputError(f"view '{self.name}': distance {self.distance:g} (at least 2), depth "
                             f"{self.depth:g} and light {self.light:g} (0.25 to 4)")

    def varied(self, rng: np.random.Generator) -> Camera:
        """This camera with small errors, for training.

        Args:
            rng: source of chance.

        Returns:
            A camera up to 5 degrees off, at 0.7 to 1.5 times the distance, with 0.8 to 1.25 times
            the depth and 0.7 to 1.4 times the light of one side.
        """
        def factor(low: float, high: float) -> float:
            return float(np.exp(rng.uniform(math.log(low), math.log(high))))

        yaw, pitch = (value + float(rng.uniform(-5, 5)) for value in (self.yaw, self.pitch))
        return replace(self, yaw=float(np.clip(yaw, -90, 90)), pitch=float(np.clip(pitch, -60, 60)),
                       distance=max(2.0, self.distance * factor(0.7, 1.5)),
                       depth=min(4.0, max(0.25, self.depth * factor(0.8, 1.25))),
                       light=min(4.0, max(0.25, self.light * factor(0.7, 1.4))))

    def at(self, share: float) -> Camera:
        """The camera as it stands at a share of the time, 0 to 1."""
        if self.until is None:
            return self
        return replace(self, yaw=self.yaw + share * (self.until - self.yaw), until=None)

    def rotation(self) -> np.ndarray:
        """`[3, 3]`, from head coordinates (`heads.STABLE`) to this camera's, of a frontal head."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        # The head's left is at the picture's right; a camera there sees the nose to the left.
        turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0],
                         [-math.sin(yaw), 0, math.cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)],
                        [0, math.sin(pitch), math.cos(pitch)]])
        return nod @ turn


@dataclass
class _Meshed:
    """A face in one frame: points `[468, 3]` in head coordinates, and its pose in the picture."""

    points: np.ndarray
    scale: float
    rotation: np.ndarray
    shift: np.ndarray


def views(path: str | Path, cameras: Sequence[Camera], fps: float = video.FPS, number: int = 1,
          start: float = 0.0, duration: float | None = None) -> dict[str, MouthTrack]:
    """Renders the mouth of a face as cameras would see it.

    Args:
        path: a video of a face from the front.
        cameras: where they stand, each with a name of its own.
        fps: frames a second of the tracks.
        number: of the face, from 1: the largest and longest seen.
        start: of the wanted part, in seconds on the file's clock.
        duration: of the wanted part, in seconds; by default up to the end.

    Returns:
        {name: track}: crops `[T, 96, 96]` as `video.mouth_tracks` gives them, present where the
        face's landmarks are found; the boxes are unknown (NaN). Memory grows by 6 kB a frame
        and 9 kB a frame and view.

    Raises:
        InputError: no such face, no landmark network, or two cameras of one name.
    """
    if len({camera.name for camera in cameras}) < len(cameras):
        raise InputError("cameras: two have the same name")
    finder = face.MeshFinder()
    part = (fps, start, duration)
    found, length = face_tracks.track_faces(video.read_frames(path, *part), fps=fps,
                                            detector="mesh")
    if len(found) < number:
        raise InputError(f"{path}: face {number}: it shows {len(found)}; expected a number from 1 "
                         f"to {len(found)}")
    track = found[number - 1]
    meshes = list(_meshes(path, track, finder, *part))
    if not any(meshes):
        raise InputError(f"{path}: no landmarks were found on face {number}")
    surface = Surface([mesh.points for mesh in meshes if mesh is not None])
    mouth = np.median(track.lips[track.meshed], axis=0)
    out = {}
    for camera in cameras:
        out[camera.name] = MouthTrack(
            np.zeros((length, STORED_CROP, STORED_CROP), np.uint8), np.zeros(length, bool),
            np.full((length, 4), np.nan, np.float32),
            np.linspace(camera.yaw, camera.yaw if camera.until is None else camera.until, length,
                        dtype=np.float32), fps)
    for k, picture in enumerate(video.read_frames(path, *part, grey=True)):
        mesh = meshes[k] if k < len(meshes) else None
        if mesh is None:
            continue
        for camera in cameras:
            view = out[camera.name]
            standing = camera.at(k / max(length - 1, 1))
            view.crops[k] = surface.render(picture, mesh, mouth, standing)
            view.present[k] = True
    return out


def _meshes(path: str | Path, track: trails.FaceTrack, finder: face.MeshFinder, fps: float,
            start: float, duration: float | None) -> Iterator[_Meshed | None]:
    """The mesh of a tracked face in each frame of a video, its pose smoothed over time."""
    row = {int(frame): i for i, frame in enumerate(track.frames)}
    steady = STEADY * fps
    scale = np.exp(video.smooth(np.log(track.scale), 3 * steady))
    rotation = video.smooth(track.rotation.reshape(-1, 9), steady).reshape(-1, 3, 3)
    shift = video.smooth(track.shift, steady)
    for k, picture in enumerate(video.read_frames(path, fps, start, duration)):
        i = row.get(k)
        if i is None:
            yield None
            continue
        region = heads.region_of_box(track.boxes[i], float(track.roll[i]))
        points, presence = finder.landmarks(picture, region)
        if presence < face.MIN_PRESENCE:
            yield None
            continue
        u, _, vt = np.linalg.svd(rotation[i])  # a mean of rotations, made one again
        turned = u @ vt
        local = ((points - shift[i]) @ turned / scale[i]).astype(np.float32)
        yield _Meshed(local, float(scale[i]), turned, shift[i])


class Surface:
    """Triangles over the mesh and its skirt.

    They are Delaunay's over the face seen from the front in the frame whose mouth is most open, so
    that no triangle of a closed mouth is turned over.

    Args:
        meshes: `[468, 3]` each, in head coordinates.
    """

    def __init__(self, meshes: Sequence[np.ndarray]) -> None:
        from scipy.spatial import ConvexHull, Delaunay

        open_mouth = max(meshes, key=lambda points: float(points[LOWER, 1] - points[UPPER, 1]))
        self.hull = ConvexHull(np.mean(meshes, axis=0)[:, :2]).vertices
        whole = self.with_skirt(open_mouth)
        self.triangles = Delaunay(whole[:, :2]).simplices
        self.shares = [_shares(splits) for splits in SPLITS]

    def with_skirt(self, points: np.ndarray) -> np.ndarray:
        """The mesh's points `[468, 3]` and behind them those of the skirt."""
        edge = points[self.hull]
        middle = points.mean(axis=0)
        rings = [points]
        for out, back in SKIRT:
            ring = middle + (edge - middle) * out
            ring[:, 2] = edge[:, 2] + back
            rings.append(ring)
        return np.concatenate(rings)

    def render(self, picture: np.ndarray, mesh: _Meshed, mouth: np.ndarray,
               camera: Camera) -> np.ndarray:
        """One crop.

        Args:
            picture: uint8 `[H, W]`, grey.
            mesh: of the face in it.
            mouth: `[3]`, the middle of the lips in head coordinates, which comes to the middle.
            camera: that looks at it.

        Returns:
            uint8 `[96, 96]`; the outer eye corners of a frontal head would be 84 pixels apart.
        """
        import cv2

        points = self.with_skirt(mesh.points)
        texture = (mesh.scale * points @ mesh.rotation.T + mesh.shift)[:, :2]
        # The head's own pose stays: the camera goes around it.
        local = (points - mouth) * [1.0, 1.0, camera.depth]
        seen = local @ mesh.rotation.T @ camera.rotation().T
        near = camera.distance / np.maximum(camera.distance + seen[:, 2], 0.5)
        size = STORED_CROP * FINE
        place = seen[:, :2] * near[:, None] * (video.EYE_SPAN * FINE) + (size - 1) / 2
        source, depth = self._nearest(place, seen[:, 2], texture, size)
        drawn = cv2.remap(picture, source[..., 0], source[..., 1], cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
        empty = np.isinf(depth).astype(np.uint8)
        if empty.any():
            around = self._around(picture, texture, place, size)
            drawn = np.where(empty > 0, around, drawn)
        if camera.light != 1.0:
            ramp = np.linspace(camera.light ** -0.5, camera.light ** 0.5, size)
            drawn = np.clip(drawn * ramp, 0, 255).astype(np.uint8)
        return cv2.resize(drawn, (STORED_CROP, STORED_CROP), interpolation=cv2.INTER_AREA)

    def _nearest(self, place: np.ndarray, depth: np.ndarray, texture: np.ndarray,
                 size: int) -> tuple[np.ndarray, np.ndarray]:
        """The place in the picture of the nearest part of the surface at each rendered pixel.

        Returns:
            (`[size, size, 2]` float32; depth `[size, size]`, inf where no part is).
        """
        import cv2

        vertices = np.concatenate([place, depth[:, None], texture], 1).astype(np.float32)
        corners = vertices[self.triangles]
        box_low, box_high = corners[:, :, :2].min(1), corners[:, :, :2].max(1)
        inside = (box_high >= 0).all(1) & (box_low <= size - 1).all(1)
        corners, longest = corners[inside], (box_high - box_low)[inside].max(1)
        level = np.minimum(np.searchsorted(SPLITS, longest), len(SPLITS) - 1)
        spots = np.concatenate([(shares @ corners[level == k]).reshape(-1, 5)
                                for k, shares in enumerate(self.shares)])
        column, line = np.rint(spots[:, :2].T).astype(np.int32)
        outside = (column < 0) | (column >= size) | (line < 0) | (line >= size)
        pixel = line * size + column
        pixel[outside] = size * size  # a place of its own, which is not read
        # The nearest is written last. Whole numbers of 16 bits are sorted five times as fast.
        deep = np.clip((FARTHEST - spots[:, 2]) * (65535 / (2 * FARTHEST)), 0, 65535)
        order = np.argsort(deep.astype(np.uint16), kind="stable").astype(np.int32)
        nearest = np.full(size * size + 1, -1, np.int32)
        nearest[pixel[order]] = order
        nearest = nearest[:-1]
        found = np.full((size * size, 3), np.inf, np.float32)
        found[nearest >= 0] = spots[nearest[nearest >= 0], 2:]
        depths = found[:, 0].reshape(size, size)
        source = found[:, 1:].reshape(size, size, 2)
        # Single holes within the surface take the place of their nearest neighbor.
        full = ~np.isinf(depths)
        closed = cv2.morphologyEx(full.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        fill = (closed > 0) & ~full
        if fill.any():
            _, labels = cv2.distanceTransformWithLabels((~full).astype(np.uint8), cv2.DIST_L2, 3,
                                                        labelType=cv2.DIST_LABEL_PIXEL)
            table = np.zeros((labels.max() + 1, 3), np.float32)
            table[labels[full]] = np.concatenate([depths[full][:, None], source[full]], 1)
            source[fill], depths[fill] = table[labels[fill]][:, 1:], table[labels[fill]][:, 0]
        source[np.isinf(depths)] = 0
        return source, depths

    def _around(self, picture: np.ndarray, texture: np.ndarray, place: np.ndarray,
                size: int) -> np.ndarray:
        """A blurred picture of what lies around the face, in place of what nobody has seen."""
        import cv2

        few = size // COARSE
        scale, rotation, shift = heads.similarity(place[self.hull] / COARSE, texture[self.hull])
        back = np.column_stack([scale * rotation, shift])
        plain = cv2.warpAffine(picture, back, (few, few),
                               flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                               borderMode=cv2.BORDER_REPLICATE)
        soft = cv2.GaussianBlur(plain, (0, 0), few / 12)
        return cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)


def _shares(splits: int) -> np.ndarray:
    """Places spread over a triangle, as shares `[n, 3]` of its corners."""
    share = np.arange(splits + 1) / splits
    a, b = np.meshgrid(share, share, indexing="ij")
    keep = a + b <= 1 + 1e-9
    return np.stack([1 - a[keep] - b[keep], a[keep], b[keep]], 1).astype(np.float32)


def write(path: str | Path, cameras: Sequence[Camera], out: str | Path,
          fps: float = video.FPS, number: int = 1) -> list[Path]:
    """Writes what `views` makes of a video, to look at and to try as the views of one face.

    Args:
        path, cameras, fps, number: as for `views`.
        out: folder for STEM_NAME.mp4 of each camera (the mouth, 288 x 288 pixels, with the video's
            sound; `avspeech extract --mouth` reads it) and STEM_views.png, a contact sheet.

    Returns:
        The files written.

    Raises:
        InputError: as `views`; the folder cannot be written to.
    """
    import cv2

    from avspeech.core import storage
    from avspeech.media import audio, muxing

    rendered = views(path, cameras, fps, number)
    path, out = Path(path), Path(out)
    written = []
    try:
        sound = audio.read(path, audio.SAMPLE_RATE)
    except InputError:  # a video without sound can be looked at too
        sound = np.zeros(audio.SAMPLE_RATE, np.float32)
    for name, track in rendered.items():
        large = [cv2.resize(crop, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
                 for crop in track.crops]
        target = out / f"{path.stem}_{name}.mp4"
        with storage.scratch_folder() as folder:
            muxing.write_pictures(folder / "pictures.mkv",
                                  np.repeat(np.stack(large)[..., None], 3, axis=3), fps)
            audio.write(folder / "sound.wav", sound, audio.SAMPLE_RATE)
            with storage.writing(target) as aside:
                muxing.mux(folder / "pictures.mkv", folder / "sound.wav", aside)
        written.append(target)
    sheet = out / f"{path.stem}_views.png"
    with storage.writing(sheet) as aside:
        done, data = cv2.imencode(".png", contact_sheet(rendered))
        storage.write_file(aside, data.tobytes() if done else b"")
    return [*written, sheet]


def contact_sheet(rendered: dict[str, MouthTrack], rows: int = 6) -> np.ndarray:
    """A picture of several views, a column each under its name.

    Args:
        rendered: {name: track}.
        rows: frames, spread over those that show the mouth.

    Returns:
        uint8 `[H, W]`.
    """
    import cv2

    tile, head = 2 * STORED_CROP, 28
    columns = []
    for name, track in rendered.items():
        shown = np.flatnonzero(track.present)
        chosen = shown[np.linspace(0, len(shown) - 1, rows).round().astype(int)]
        title = np.full((head, tile), 255, np.uint8)
        cv2.putText(title, name, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 0, 1, cv2.LINE_AA)
        faces = [cv2.resize(track.crops[k], (tile, tile), interpolation=cv2.INTER_CUBIC)
                 for k in chosen]
        columns.append(np.concatenate([title, *faces]))
    return np.concatenate(columns, axis=1)
