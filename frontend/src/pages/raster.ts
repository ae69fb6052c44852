/** Pictures of whole images for the gallery: grey levels and labels on canvases. */

import type { ImageDetail, Plane, Raster } from "../api/client";
import { contrastTable, drawColour, drawGrey, makeGrey } from "../core/grey";
import { makeLabelMap, VOID } from "../core/labelMap";
import { drawLabels, parseColour } from "../core/render";
import { fullRect } from "../core/spans";

/** The micrograph in its window, as an image that canvases can take. */
/** A picture over the photo. */
export interface Layer {
  picture: OffscreenCanvas;
  opacity: number;
}

export function photo(
  image: ImageDetail,
  pixels: Raster<Uint8Array | Uint16Array>,
): OffscreenCanvas {
  const size = { width: image.width, height: image.height };
  const [low, high] = image.window as [number, number];
  const table = contrastTable(image.bits as 8 | 16, { low, high, gamma: 1 });
  const channels = image.channels as 1 | 3;
  return painted(size.width, size.height, (out) => {
    const drawing = { rect: fullRect(size), step: 1 };
    if (channels === 3) drawColour(pixels.data, size.width, table, drawing, out);
    else drawGrey(makeGrey(pixels.data, size, 1), table, drawing, out);
  });
}

/** Labels in colours; where `differing` is given, only where the two differ. */
export function labelPicture(
  image: ImageDetail,
  labels: Uint8Array,
  colours: Uint32Array,
  outline: boolean,
  differing?: Uint8Array,
): OffscreenCanvas {
  const { width, height } = image;
  return painted(width, height, (out) => {
    if (differing) {
      for (let i = 0; i < out.length; i++) {
        out[i] = labels[i] === differing[i] ? 0 : colours[labels[i]!]! || DIFFERENT;
      }
      return;
    }
    const map = makeLabelMap(width, height, labels.slice());
    drawLabels(map, { colours, outline, hatch: 0 }, { rect: fullRect(map), step: 1 }, out);
  });
}

const DIFFERENT = 0xff2f2fff;

/** One region bright, the rest dark: which one the pointer means. */
export function spotlight(
  image: ImageDetail,
  regions: Uint8Array,
  wanted: number,
): OffscreenCanvas {
  return painted(image.width, image.height, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = regions[i] === wanted ? 0 : SHADE;
  });
}

const SHADE = 0xa81a1410;

/** Colours of phases, or slate greys of regions without names; nothing for an empty one. */
export function palette(phases: readonly string[]): Uint32Array {
  const table = new Uint32Array(256);
  phases.forEach((hex, index) => {
    table[index] = hex ? parseColour(hex) : 0;
  });
  table[VOID] = 0;
  return table;
}

/** Slate greys, dark to bright, for regions that nobody has named. */
export function slates(n: number): string[] {
  const mix = (low: number, high: number, share: number) =>
    Math.round(low + (high - low) * share)
      .toString(16)
      .padStart(2, "0");
  return Array.from({ length: n }, (_, i) => {
    const share = n > 1 ? i / (n - 1) : 0;
    return `#${mix(38, 232, share)}${mix(44, 236, share)}${mix(54, 242, share)}`;
  });
}

/** Share of each region in the image, 0 to 1. */
export function shares(plane: Plane, n: number): number[] {
  const counts = new Array<number>(n).fill(0);
  for (const value of plane) if (value < n) counts[value]! += 1;
  return counts.map((count) => count / plane.length);
}

/** A picture of the whole image, nothing where nothing is drawn. */
export function painted(
  width: number,
  height: number,
  draw: (out: Uint32Array) => void,
): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const picture = new ImageData(width, height);
  draw(new Uint32Array(picture.data.buffer));
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
  return canvas;
}
