/**
 * Discs over bitmaps: one byte per pixel, 0 or 1. What growing, shrinking and smoothing of
 * a phase are made of.
 */

/**
 * The pixels within `radius` of a set one. A set pixel `dy` rows away in the same column
 * reaches sqrt(radius^2 - dy^2) to both sides of this row; the nearest in each column
 * reaches farthest, so one distance per column and a sweep of intervals are enough.
 */
export function dilate(
  bitmap: Uint8Array,
  width: number,
  height: number,
  radius: number,
): Uint8Array {
  const limit = Math.floor(radius);
  const reach = Int32Array.from({ length: limit + 1 }, (_, dy) =>
    Math.floor(Math.sqrt(radius * radius - dy * dy)),
  );
  const rows = columnDistances(bitmap, width, height, limit + 1);
  const out = new Uint8Array(width * height);
  const steps = new Int32Array(width + 1);
  for (let y = 0; y < height; y++) {
    steps.fill(0);
    for (let x = 0; x < width; x++) {
      const dy = rows[y * width + x]!;
      if (dy > limit) continue;
      steps[Math.max(0, x - reach[dy]!)]! += 1;
      steps[Math.min(width, x + reach[dy]! + 1)]! -= 1;
    }
    let depth = 0;
    for (let x = 0; x < width; x++) {
      depth += steps[x]!;
      out[y * width + x] = depth > 0 ? 1 : 0;
    }
  }
  return out;
}

/** Rows to the nearest set pixel in the same column, at most `most`. */
function columnDistances(
  bitmap: Uint8Array,
  width: number,
  height: number,
  most: number,
): Uint16Array {
  const rows = new Uint16Array(width * height);
  for (let at = 0; at < rows.length; at++) {
    const above = at < width ? most : rows[at - width]! + 1;
    rows[at] = bitmap[at] ? 0 : Math.min(most, above);
  }
  for (let at = rows.length - width - 1; at >= 0; at--) {
    rows[at] = Math.min(rows[at]!, rows[at + width]! + 1);
  }
  return rows;
}

/** 1 where more than half of the disc is set, -1 where less, 0 at a tie. */
export function majority(
  bitmap: Uint8Array,
  width: number,
  height: number,
  radius: number,
): Int8Array {
  const limit = Math.floor(radius);
  const out = new Int8Array(width * height);
  const sums = new Int32Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    const to = y * (width + 1);
    for (let x = 0; x < width; x++) sums[to + x + 1] = sums[to + x]! + bitmap[y * width + x]!;
  }
  const balance = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    balance.fill(0);
    for (let row = Math.max(0, y - limit); row <= Math.min(height - 1, y + limit); row++) {
      const half = Math.floor(Math.sqrt(radius * radius - (row - y) ** 2));
      const from = row * (width + 1);
      for (let x = 0; x < width; x++) {
        const left = x > half ? x - half : 0;
        const right = x + half < width ? x + half + 1 : width;
        balance[x]! += 2 * (sums[from + right]! - sums[from + left]!) - (right - left);
      }
    }
    for (let x = 0; x < width; x++) out[y * width + x] = Math.sign(balance[x]!);
  }
  return out;
}
