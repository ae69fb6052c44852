import fc from "fast-check";
import { expect, test } from "vitest";
import { drawShade, makeScope } from "./scope";
import { makeSpans, pushSpan } from "./spans";

const SHADE = 0x80000000;

test("each drawn pixel is shaded where its pixel of the image is outside", () => {
  const span = fc.tuple(fc.nat(7), fc.nat(11), fc.nat(11));
  const part = fc.tuple(fc.nat(5), fc.nat(9), fc.constantFrom(1, 2, 4));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 12 }), part, (found, [top, left, step]) => {
      const mask = makeSpans();
      const inside = new Set<number>();
      for (const [y, a, b] of found) {
        pushSpan(mask, y, a, b);
        for (let x = a; x < b; x++) inside.add(y * 12 + x);
      }
      const scope = makeScope(mask, { width: 12, height: 8 });
      const rect = { x: left, y: top, width: 12 - left, height: 8 - top };
      const [columns, rows] = [Math.ceil(rect.width / step), Math.ceil(rect.height / step)];
      const out = new Uint32Array(columns * rows);
      drawShade(scope, SHADE, { rect, step }, out);
      out.forEach((value, i) => {
        const x = left + (i % columns) * step;
        const y = top + Math.floor(i / columns) * step;
        expect(value).toBe(inside.has(y * 12 + x) ? 0 : SHADE);
      });
    }),
  );
});
