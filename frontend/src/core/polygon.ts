/**
 * Polygons and lassos as masks: scanline fill, even-odd, by the pixel-centre rule.
 */

import { makeSpans, pushClipped, type Size, type Spans } from "./spans";

/** A closed ring `x, y, x, y ...` in image px; the last point need not repeat the first. */
export type Ring = ArrayLike<number>;

/**
 * The pixels whose centre is inside an odd number of rings: a hole is one more ring, and a
 * lasso that crosses itself leaves out what it goes around twice.
 *
 * A centre exactly on an edge belongs to the side whose pixels it is the left or the upper
 * border of, so that two polygons with a common edge neither overlap nor leave a gap.
 */
export function polygonSpans(rings: readonly Ring[], size: Size): Spans {
  const edges = rings.flatMap(edgesOf).sort((a, b) => a.top - b.top);
  const out = makeSpans();
  let active: RingEdge[] = [];
  let next = 0;
  const first = edges[0];
  if (!first) return out;
  for (let y = Math.max(0, firstCentre(first.top)); y < size.height; y++) {
    const centre = y + 0.5;
    active = active.filter((edge) => edge.bottom > centre);
    for (; next < edges.length && edges[next]!.top <= centre; next++) {
      if (edges[next]!.bottom > centre) active.push(edges[next]!);
    }
    if (active.length === 0) {
      if (next === edges.length) break;
      continue;
    }
    const crossings = active.map((edge) => edge.x + (centre - edge.y) * edge.slope);
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      pushClipped(out, size, y, firstCentre(crossings[i]!), firstCentre(crossings[i + 1]!));
    }
  }
  return out;
}

/** The first pixel whose centre is not before a coordinate. */
function firstCentre(coordinate: number): number {
  return Math.ceil(coordinate - 0.5);
}

/** An edge of a ring that is not level: it crosses the rows with `top <= y < bottom`. */
interface RingEdge {
  top: number;
  bottom: number;
  /** A point of it. */
  x: number;
  y: number;
  /** Change of x per px downwards. */
  slope: number;
}

function edgesOf(ring: Ring): RingEdge[] {
  const edges: RingEdge[] = [];
  const n = ring.length >> 1;
  for (let i = 0; i < n; i++) {
    const j = (i + 1) % n;
    // From the upper to the lower end: a common edge of two polygons is computed in the
    // same way from both sides, to the last bit.
    const swap = ring[2 * i + 1]! > ring[2 * j + 1]!;
    const [a, b] = swap ? [j, i] : [i, j];
    const [x, y] = [ring[2 * a]!, ring[2 * a + 1]!];
    const bottom = ring[2 * b + 1]!;
    if (bottom > y) edges.push({ top: y, bottom, x, y, slope: (ring[2 * b]! - x) / (bottom - y) });
  }
  return edges;
}

/**
 * A ring from a lasso's pointer samples: samples nearer than half a pixel to the one
 * before are left out, since they cost time at every row and move the edge by less than the hand does.
 */
export function lassoRing(samples: ArrayLike<number>): number[] {
  const ring: number[] = [];
  for (let i = 0; i + 1 < samples.length; i += 2) {
    const [x, y] = [samples[i]!, samples[i + 1]!];
    const n = ring.length;
    if (n === 0 || Math.hypot(x - ring[n - 2]!, y - ring[n - 1]!) >= 0.5) ring.push(x, y);
  }
  return ring;
}
