from __future__ import annotations

import re
from typing import Any

import anndata as ad
import numpy as np
import pytest

from napari_stimpute.data.image import tissue_image
from napari_stimpute.data.layout import lay_out
from napari_stimpute.errors import BadImage

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
SCALES = {"tissue_hires_scalef": 0.5, "tissue_lowres_scalef": 0.1, "spot_diameter_fullres": 9.0}


def section(**libraries: Any) -> ad.AnnData:
    row, column = np.divmod(np.arange(100), 10)
    hexagonal = 10 * np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])
    adata = ad.AnnData(np.ones((100, 2), dtype=np.float32), obsm={"spatial": hexagonal})
    if libraries:
        adata.uns["spatial"] = libraries
    return adata


def library(image: Any = PIXELS, resolution: str = "hires", **scales: Any) -> dict[str, Any]:
    return {"images": {resolution: image}, "scalefactors": scales or SCALES}


def test_floats_a_little_beyond_their_range_are_clipped() -> None:
    stored = (PIXELS / 255).astype(np.float32)
    stored[0, 0], stored[1, 1] = 1.004, -0.01
    image = tissue_image(section(A=library(stored)))
    assert (image.pixels[0, 0] == 255).all() and (image.pixels[1, 1] == 0).all()
    assert np.array_equal(image.pixels[2:], PIXELS[2:])
    assert not image.note


def test_a_transparent_ground_is_white() -> None:
    clear = np.zeros((6, 8), np.uint8)
    clear[2:, :] = 255
    image = tissue_image(section(A=library(np.dstack([PIXELS * 0, clear]))))
    assert (image.pixels[:2] == 255).all() and (image.pixels[2:] == 0).all()


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (PIXELS.astype(np.uint16) * 16, "up to 3,9.*: 4,095 is drawn as white"),
        ((PIXELS > 127).astype(np.uint8), "up to 1: 1 is drawn as white"),
        (PIXELS / 127.5 - 1, "from -1 to .*black to white"),
        (PIXELS / 51, "up to .*: .* is drawn as white"),
    ],
    ids=["12 bits", "0 and 1", "-1 to 1", "0 to 5"],
)
def test_a_scale_that_is_not_of_the_type_is_said(stored: np.ndarray, words: str) -> None:
    image = tissue_image(section(A=library(stored)))
    assert re.search(words, image.note)
    assert image.pixels.min() < 10 and image.pixels.max() > 240


def test_no_image_is_none() -> None:
    assert tissue_image(section()) is None
    assert tissue_image(section(A={})) is None


def test_the_sharpest_image_is_taken_with_its_own_scale() -> None:
    both = {"images": {"lowres": PIXELS[:2], "hires": PIXELS}, "scalefactors": SCALES}
    image = tissue_image(section(A=both))
    assert np.array_equal(image.pixels, PIXELS)
    assert (image.scale, image.name) == (0.5, "A (hires)")
    low = tissue_image(section(A=library(resolution="lowres")))
    assert (low.scale, low.name) == (0.1, "A (lowres)")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (PIXELS / 255.0, PIXELS),
        (PIXELS.astype(np.float32), PIXELS),
        (PIXELS.astype(np.uint16) * 257, PIXELS),
        (PIXELS.astype(np.int64), PIXELS),
        (np.dstack([PIXELS, np.full((6, 8), 255, np.uint8)]), PIXELS),
        (PIXELS[..., 0], np.repeat(PIXELS[..., :1], 3, axis=2)),
        (PIXELS[..., :1], np.repeat(PIXELS[..., :1], 3, axis=2)),
        (np.moveaxis(PIXELS, -1, 0), PIXELS),
        (PIXELS.astype(np.float64) + 0.4, PIXELS),
        (PIXELS > 127, np.where(PIXELS > 127, 255, 0)),
        ((PIXELS > 127).astype(np.int64), np.where(PIXELS > 127, 255, 0)),
        (PIXELS.astype(np.uint16) * 16, np.rint(PIXELS * (16 * 255 / 4095))),
        (PIXELS.astype(np.float32) * 16, np.rint(PIXELS * (16 * 255 / 4095))),
    ],
    ids=[
        "0 to 1",
        "0 to 255",
        "16 bits",
        "integers",
        "with alpha",
        "grey",
        "grey with axis",
        "channels first",
        "0 to above 255",
        "true and false",
        "0 and 1",
        "12 bits",
        "12 bits in floats",
    ],
)
def test_every_kind_of_image_becomes_eight_bit_rgb(stored: np.ndarray, shown: np.ndarray) -> None:
    image = tissue_image(section(A=library(stored)))
    assert image.pixels.dtype == np.uint8
    assert np.array_equal(image.pixels, shown)


def test_an_image_without_its_scale_factor_is_refused() -> None:
    words = r"the scale factor 'tissue_hires_scalef' in uns\['spatial'\]\['A'\]\['scalefactors'\]"
    with pytest.raises(BadImage, match=words):
        tissue_image(section(A=library(spot_diameter_fullres=9.0)))
    with pytest.raises(BadImage, match=words):
        tissue_image(section(A={"images": {"hires": PIXELS}}))


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, "0.5"])
def test_an_unusable_scale_factor_is_refused(scale: object) -> None:
    with pytest.raises(BadImage, match="a scale factor 'tissue_hires_scalef' above 0"):
        tissue_image(section(A=library(tissue_hires_scalef=scale)))


def test_scale_factors_without_an_image_are_said() -> None:
    with pytest.raises(BadImage, match=r"found scale factors, but no image.*plain background"):
        tissue_image(section(A={"images": {}, "scalefactors": SCALES}))


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (np.zeros((7, 6, 8)), "found 7 × 6 × 8"),
        (np.zeros(5), "found 5, float64"),
        (np.array("tissue.png"), "a single value"),
        (np.full((6, 8, 3), np.nan), "NaN"),
    ],
)
def test_what_is_no_image_is_refused(stored: np.ndarray, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        tissue_image(section(A=library(stored)))


def test_the_library_of_the_spots_is_chosen_and_said() -> None:
    adata = section(A=library(PIXELS[:3]), B=library(PIXELS))
    assert "2 images (A, B); A is shown" in tissue_image(adata).note
    adata.obs["library_id"] = "B"
    image = tissue_image(adata)
    assert image.name == "B (hires)"
    assert "B is shown" in image.note


def test_one_library_needs_no_saying() -> None:
    assert tissue_image(section(A=library())).note == ""


def test_the_spot_diameter_is_the_stated_one_else_from_the_spacing() -> None:
    assert lay_out(section(A=library())).spot_diameter == 9.0
    assert lay_out(section()).spot_diameter == pytest.approx(5.5)  # Visium: 55 of 100 µm
    assert lay_out(section(A=library(tissue_hires_scalef=0.5))).spot_diameter == pytest.approx(5.5)


def test_a_library_with_image_and_scale_goes_before_one_without() -> None:
    empty = {"images": {}, "scalefactors": SCALES}
    adata = section(A=empty, B={"images": {"hires": PIXELS}}, C=library())
    adata.obs["library_id"] = "A"
    image = tissue_image(adata)
    assert image.name == "C (hires)"
    assert lay_out(adata).spot_diameter == 9.0
    assert "2 images (B, C); C is shown" in image.note
    assert tissue_image(section(A=empty, C=library())).note == ""


def test_a_resolution_with_a_scale_goes_before_a_sharper_one_without() -> None:
    entry = {"images": {"hires": PIXELS, "lowres": PIXELS[:3]}}
    image = tissue_image(section(A={**entry, "scalefactors": {"tissue_lowres_scalef": 0.1}}))
    assert (image.name, image.scale, len(image.pixels)) == ("A (lowres)", 0.1, 3)


@pytest.mark.parametrize("name", ["hires_image", "tissue_hires_image"])
def test_usual_names_of_the_image_are_known(name: str) -> None:
    image = tissue_image(section(A={"images": {name: PIXELS}, "scalefactors": SCALES}))
    assert np.array_equal(image.pixels, PIXELS)


def test_a_library_needs_no_name() -> None:
    adata = section()
    adata.uns["spatial"] = library()
    assert tissue_image(adata).name == "hires"


def test_arrays_of_one_are_numbers() -> None:
    adata = section(A=library(**{key: np.array([value]) for key, value in SCALES.items()}))
    assert tissue_image(adata).scale == SCALES["tissue_hires_scalef"]
    assert lay_out(adata).spot_diameter == 9.0


@pytest.mark.parametrize("part", ["images", "scalefactors"])
def test_parts_that_are_no_mappings_are_nothing(part: str) -> None:
    adata = section(A={**library(), part: np.int64(3)})
    with pytest.raises(BadImage):
        tissue_image(adata)
    assert tissue_image(section(A={"images": 3, "scalefactors": 4})) is None
