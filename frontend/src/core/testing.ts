/** What the tests share: small maps with known contents, and masks as bitmaps. */

import fc from "fast-check";
import { type LabelMap, makeLabelMap, VOID } from "./labelMap";
import { allBut, type PaintOptions } from "./paint";
import { rectSpans, type Size, type Spans } from "./spans";

/** How often each pixel is in a mask. */
export function bitmapOf(spans: Spans, { width, height }: Size): number[] {
  const bitmap = new Array<number>(width * height).fill(0);
  for (let k = 0; k < 3 * spans.size; k += 3) {
    for (let x = spans.data[k + 1]!; x < spans.data[k + 2]!; x++) {
      bitmap[spans.data[k]! * width + x]! += 1;
    }
  }
  return bitmap;
}

/** The numbers of all pixels for which a test holds, as a bitmap. */
export function bitmapWhere(
  { width, height }: Size,
  test: (x: number, y: number) => boolean,
): number[] {
  return Array.from({ length: width * height }, (_, i) =>
    test(i % width, Math.floor(i / width)) ? 1 : 0,
  );
}

/** A map drawn with digits; `.` is void. */
export function mapOf(...rows: string[]): LabelMap {
  const labels = rows.flatMap((row) =>
    [...row].map((digit) => (digit === "." ? VOID : Number(digit))),
  );
  return makeLabelMap(rows[0]!.length, rows.length, Uint8Array.from(labels));
}

/** A map as it was drawn for {@link mapOf}. */
export function drawn(map: LabelMap): string[] {
  return Array.from({ length: map.height }, (_, y) =>
    [...map.labels.subarray(y * map.width, (y + 1) * map.width)]
      .map((label) => (label === VOID ? "." : String(label)))
      .join(""),
  );
}

/** A mask as rows of `#` and `.`. */
export function drawnMask(spans: Spans, size: Size): string[] {
  const bitmap = bitmapOf(spans, size);
  return Array.from({ length: size.height }, (_, y) =>
    bitmap
      .slice(y * size.width, (y + 1) * size.width)
      .map((n) => (n ? "#" : "."))
      .join(""),
  );
}

/** Paint as the expert, over everything. */
export function asExpert(phase: number | null): PaintOptions {
  return { phase, paintOver: allBut(), origin: 2 };
}

/** The pixels of each label, counted one by one. */
export function counted(labels: Uint8Array): number[] {
  const counts = new Array<number>(256).fill(0);
  for (const label of labels) counts[label]! += 1;
  return counts;
}

/** Maps of any small size with labels 0 to 3 and void, and any origins. */
export const anyMap: fc.Arbitrary<LabelMap> = fc
  .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }))
  .chain(([width, height]) => {
    const size = { minLength: width * height, maxLength: width * height };
    return fc
      .tuple(
        fc.uint8Array({ ...size, max: 4 }),
        fc.array(fc.constantFrom(0, 1, 2, 3, 4, 0x81, 0x82, 0x84), size),
      )
      .map(([labels, origins]) =>
        makeLabelMap(
          width,
          height,
          labels.map((label) => (label === 4 ? VOID : label)),
          Uint8Array.from(origins),
        ),
      );
  });

/** Masks inside a map, some of them overlapping. */
export function anyMask(size: Size): fc.Arbitrary<Spans> {
  const rect = fc
    .tuple(fc.nat(size.width - 1), fc.nat(size.height - 1), fc.nat(12), fc.nat(12))
    .map(([x, y, w, h]) => ({
      x,
      y,
      width: Math.min(w + 1, size.width - x),
      height: Math.min(h + 1, size.height - y),
    }));
  return fc.array(rect, { maxLength: 4 }).map((rects) => {
    const all = rects.map(rectSpans);
    const data = all.flatMap((spans) => [...spans.data.subarray(0, 3 * spans.size)]);
    return { data: Int32Array.from(data), size: data.length / 3 };
  });
}

/** Ways of painting: any phase or none, any protection, any origin and flag. */
export const anyOptions: fc.Arbitrary<PaintOptions> = fc
  .record({
    phase: fc.constantFrom(0, 1, 2, 3, VOID, null),
    locked: fc.subarray([0, 1, 2, 3, VOID]),
    origin: fc.constantFrom(1, 2, 3, 4),
    doubtful: fc.constantFrom(undefined, "set", "clear"),
  })
  .map(({ phase, locked, origin, doubtful }) => ({
    phase,
    paintOver: allBut(locked),
    origin: origin as PaintOptions["origin"],
    ...(doubtful ? { doubtful: doubtful as "set" | "clear" } : {}),
  }));
