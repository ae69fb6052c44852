/**
 * Scale bar and rulers: round lengths (1, 2 or 5 times a power of ten) in µm where the
 * scale of the image is known, in px where it is not.
 */

import type { View } from "./view";

/** The largest of 1, 2, 5 times a power of ten that is not above a number. */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  // 0.1 + 0.2: a length that is round itself must not fall to the next one.
  const share = (most / power) * (1 + 1e-9);
  return (share >= 10 ? 10 : share >= 5 ? 5 : share >= 2 ? 2 : 1) * power;
}

export interface ScaleBar {
  /** Screen px. */
  width: number;
  /** With its unit: "20 µm". */
  label: string;
}

/**
 * The longest round scale bar that fits.
 *
 * @param umPerPx - µm per image px, or null where it is not known.
 * @param most - Screen px.
 */
export function scaleBar(view: View, umPerPx: number | null, most: number): ScaleBar {
  const perPx = umPerPx ?? 1;
  const length = roundLength((most / view.scale) * perPx);
  return { width: (length / perPx) * view.scale, label: lengthLabel(length, umPerPx !== null) };
}

/** A length in µm as nm, µm or mm, or in px. */
export function lengthLabel(length: number, inUm: boolean): string {
  const [value, unit] = !inUm
    ? [length, "px"]
    : length < 1
      ? [length * 1000, "nm"]
      : length < 1000
        ? [length, "µm"]
        : [length / 1000, "mm"];
  return `${Number(value.toPrecision(4))} ${unit}`;
}

export interface Tick {
  /** Screen px from the canvas's edge. */
  at: number;
  /** In µm or px, from the image's edge. */
  value: number;
  /** Whether it gets its number. */
  major: boolean;
}

/**
 * Ticks of a ruler along one edge of the canvas.
 *
 * @param origin - Image coordinate at the start of the ruler, px: `view.x` or `view.y`.
 * @param scale - Screen px per image px.
 * @param length - Of the ruler, screen px.
 * @param gap - Least distance between numbers, screen px.
 */
export function rulerTicks(
  origin: number,
  scale: number,
  length: number,
  umPerPx: number | null,
  gap = 80,
): Tick[] {
  const perPx = umPerPx ?? 1;
  const least = (gap / scale) * perPx;
  const lower = roundLength(least);
  // The next of 1, 2, 5 where the lower one is too narrow: twice or two and a half times it.
  const major = lower >= least * (1 - 1e-9) ? lower : roundLength(lower * 2.5);
  const minor = major / (leading(major) === 2 ? 4 : 5);
  const per = Math.round(major / minor);
  const ticks: Tick[] = [];
  const last = Math.floor(((origin + length / scale) * perPx) / minor + 1e-9);
  for (let i = Math.ceil((origin * perPx) / minor - 1e-9); i <= last; i++) {
    const value = Number((i * minor).toPrecision(12));
    ticks.push({ at: (value / perPx - origin) * scale, value, major: i % per === 0 });
  }
  return ticks;
}

function leading(length: number): number {
  return Math.round(length / 10 ** Math.floor(Math.log10(length * (1 + 1e-9))));
}
