"""How a microstructure looks: grey levels and texture of each phase, then the microscope."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.synthetic.fields import Field, Shape, border_distance, smooth_noise
from premask.synthetic.structure import FE2B, FETIB, TIB2, TIN, Structure


def reflected(structure: Structure, rng: np.random.Generator) -> Field:
    """The light that an ideal microscope would see, in grey levels of 8 bit.

    The grey levels of the phases overlap on purpose: the bright lamellae of FeTiB and
    TiN are as bright as ferrite, TiB2 as grey as the dark lamellae.
    """
    truth = structure.truth
    shape = (truth.shape[0], truth.shape[1])
    ferrite = _ferrite(structure, rng, shape)
    light = ferrite.copy()
    _paint(light, truth == FETIB, _lamellae(structure, rng, shape), ferrite)
    _paint(light, truth == FE2B, _rods(structure, rng, shape), ferrite)
    crystals = truth == TIB2
    light[crystals] = _crystals(structure, rng)[crystals]
    specks = truth == TIN
    light[specks] = (184 + 9 * smooth_noise(rng, shape, 6))[specks]
    return light + _relief(structure, rng)


def _paint(light: Field, where: NDArray[np.bool_], texture: Field, under: Field) -> None:
    """Lay a texture over a share of the image, keeping a part of the grain contrast."""
    if where.any():
        light[where] = (texture + np.float32(0.25) * (under - under.mean()))[where]


def _ferrite(structure: Structure, rng: np.random.Generator, shape: Shape) -> Field:
    """Grains that differ a little by orientation, thin dark borders, etch pits."""
    grey = rng.normal(162, 6.5, int(structure.grains.max()) + 1).astype(np.float32)
    light = grey[structure.grains] + np.float32(3.2) * smooth_noise(rng, shape, 9, octaves=2)
    line = np.exp(-((border_distance(structure.grains) / np.float32(1.1)) ** 2))
    # Borders are attacked unevenly by the etchant: some are hardly seen.
    strength = np.clip(30 + 14 * smooth_noise(rng, shape, 120, octaves=2), 4, 58)
    light -= strength.astype(np.float32) * line.astype(np.float32)
    pits = np.zeros(shape, np.float32)
    for _ in range(round(structure.truth.size / 9000)):
        at = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        cv2.circle(pits, at, int(rng.integers(1, 3)), float(rng.uniform(12, 55)), -1)
    painted: Field = (light - pits).astype(np.float32)
    return painted


def _lamellae(structure: Structure, rng: np.random.Generator, shape: Shape) -> Field:
    """Parallel plates, one direction and spacing per colony."""
    x, _ = _turned(structure, rng, shape)
    pitch = 2 * np.pi / rng.uniform(5.0, 9.0, int(structure.colonies.max()) + 1)
    wobble = np.float32(1.8) * smooth_noise(rng, shape, 45, octaves=3)
    wave = np.sin(x * pitch.astype(np.float32)[structure.colonies] + wobble)
    # Plates end and branch where noise shifts the share of the dark ones.
    wave += np.float32(0.5) * smooth_noise(rng, shape, 14)
    plates: Field = (126 + 34 * np.tanh(1.8 * wave - 0.2)).astype(np.float32)
    return plates


def _rods(structure: Structure, rng: np.random.Generator, shape: Shape) -> Field:
    """Fine rods seen end on: bright islands of ferrite in a grey boride."""
    x, y = _turned(structure, rng, shape)
    x += np.float32(3.0) * smooth_noise(rng, shape, 20)
    y += np.float32(3.0) * smooth_noise(rng, shape, 20)
    colony = rng.uniform(5.5, 9.0, int(structure.colonies.max()) + 1)
    pitch = (2 * np.pi / colony).astype(np.float32)[structure.colonies]
    y *= np.float32(0.7)  # seen at a slant, rods are longer than wide
    lattice = np.cos(pitch * x) + np.cos(pitch * (0.5 * x + 0.866 * y))
    lattice += np.cos(pitch * (0.5 * x - 0.866 * y))
    mottled = np.tanh(0.9 * (lattice - 0.2 + 0.9 * smooth_noise(rng, shape, 18)))
    rods: Field = (132 + 26 * mottled).astype(np.float32)
    return rods


def _turned(structure: Structure, rng: np.random.Generator, shape: Shape) -> tuple[Field, Field]:
    """Coordinates in px along and across the direction of each colony."""
    angle = rng.uniform(0, np.pi, int(structure.colonies.max()) + 1).astype(np.float32)
    cos, sin = np.cos(angle)[structure.colonies], np.sin(angle)[structure.colonies]
    x = np.arange(shape[1], dtype=np.float32)
    y = np.arange(shape[0], dtype=np.float32)[:, None]
    return x * cos + y * sin, y * cos - x * sin


def _crystals(structure: Structure, rng: np.random.Generator) -> Field:
    grey = rng.normal(98, 8, int(structure.crystals.max()) + 1).astype(np.float32)
    return grey[structure.crystals]


def _relief(structure: Structure, rng: np.random.Generator) -> Field:
    """Hard phases stand out after polishing: one flank bright, the other dark, and a halo."""
    hard = (structure.crystals > 0).astype(np.float32)
    height = cv2.GaussianBlur(hard, (0, 0), 1.6)
    slope_y, slope_x = np.gradient(height)
    direction = float(rng.uniform(0, 2 * np.pi))
    slope = slope_x * np.cos(direction) + slope_y * np.sin(direction)
    halo = cv2.GaussianBlur(hard, (0, 0), 5) * (1 - hard)
    relief: Field = (70 * slope + 14 * halo).astype(np.float32)
    return relief


def photographed(light: Field, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The image that the microscope takes: scratches, uneven light, blur, shot and read noise."""
    shape = (light.shape[0], light.shape[1])
    blur = float(rng.uniform(0.9, 1.25))
    scene: Field = cv2.GaussianBlur(light + _scratches(rng, shape), (0, 0), blur).astype(np.float32)
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    tilt_x, tilt_y = rng.uniform(-0.04, 0.04, 2)
    lamp = 1 + tilt_x * x + tilt_y * y - 0.04 * (x**2 + y**2)
    lamp += 0.015 * smooth_noise(rng, shape, max(shape) / 3)
    scene = scene * lamp.astype(np.float32)
    # Shot noise grows with the root of the signal; read noise does not.
    electrons_per_grey = 2.6
    shot = np.sqrt(np.maximum(scene, 0) / electrons_per_grey)
    scene += shot * rng.standard_normal(shape, dtype=np.float32) * np.float32(0.75)
    scene += np.float32(2.0) * rng.standard_normal(shape, dtype=np.float32)
    image: NDArray[np.uint8] = np.clip(np.rint(scene), 0, 255).astype(np.uint8)
    return image


def _scratches(rng: np.random.Generator, shape: Shape) -> Field:
    """Faint polishing marks, most of them in one direction."""
    drawn = np.zeros(shape, np.float32)
    main = float(rng.uniform(0, np.pi))
    for _ in range(int(rng.integers(14, 28))):
        angle = main + float(rng.normal(0, 0.06)) + (np.pi / 3 if rng.uniform() < 0.15 else 0)
        x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        half = float(rng.uniform(0.05, 0.6)) * max(shape)
        ends = [
            (round(x + sign * half * np.cos(angle)), round(y + sign * half * np.sin(angle)))
            for sign in (-1, 1)
        ]
        cv2.line(drawn, ends[0], ends[1], float(rng.normal(-4, 7)), 1)
    faded: Field = drawn * np.clip(0.6 + 0.6 * smooth_noise(rng, shape, 90), 0, 1.6)
    return faded
