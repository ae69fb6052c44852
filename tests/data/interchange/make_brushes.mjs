// Makes brushes.json: streams of @thi.ng/rle-pack, the library that Label Studio's editor uses.
// npm install @thi.ng/rle-pack, then: node make_brushes.mjs > brushes.json

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { decode, encode } from "@thi.ng/rle-pack";

// A disc with a soft edge, as strokes have in the browser: alpha 0 to `top`.
function disc(height, width, top) {
  const alpha = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = height / 3 - Math.hypot(y - height / 2, x - width / 2);
      alpha.push(Math.round(top * Math.min(Math.max(inside + 0.5, 0), 1)));
    }
  return alpha;
}

const grey = (a) => [a, a, a, a]; // what the editor writes
const coloured = (a) => [a >> 1, 1, 2, a];
const black = (a) => [0, 0, 0, a];

const cases = [
  ["as the editor writes it", 12, 15, disc(12, 15, 255), grey, 8, [3, 4, 8, 16]],
  ["colours", 12, 15, disc(12, 15, 255), coloured, 8, [3, 4, 8, 16]],
  ["black", 12, 15, disc(12, 15, 255), black, 8, [3, 4, 8, 16]],
  ["small sizes of runs", 12, 15, disc(12, 15, 255), coloured, 8, [1, 2, 3, 5]],
  ["equal sizes of runs", 5, 7, disc(5, 7, 255), grey, 8, [16, 16, 16, 16]],
  ["words of 1 bit", 12, 15, disc(12, 15, 1), grey, 1, [3, 4, 8, 16]],
  ["words of 5 bits", 12, 15, disc(12, 15, 31), black, 5, [2, 4, 6, 12]],
  ["words of 16 bits", 12, 15, disc(12, 15, 65535), grey, 16, [3, 4, 8, 16]],
  ["words of 19 bits", 6, 7, disc(6, 7, 500000), black, 19, [3, 4, 8, 16]],
  ["words of 32 bits", 6, 7, disc(6, 7, 65536), grey, 32, [3, 4, 8, 16]],
  ["longest run", 130, 130, disc(130, 130, 0), grey, 8, [3, 4, 8, 16]],
  ["noise", 9, 11, Array.from({ length: 99 }, (_, i) => (i * i * 7919) % 251), coloured, 8, [3, 4, 8, 16]],
];

const lines = cases.map(([name, height, width, alpha, rgba, word, sizes]) => {
  const values = alpha.flatMap(rgba);
  const rle = Array.from(encode(values, values.length, word, sizes));
  const back = Array.from(decode(Uint8Array.from(rle)));
  if (back.join() !== values.join()) throw new Error(`${name}: not what was written`);
  const kept = alpha.some((a) => a) ? alpha : [];
  return JSON.stringify({ name, height, width, alpha: kept, word, sizes, rle });
});
const found = createRequire(import.meta.url).resolve("@thi.ng/rle-pack");
const tool = JSON.parse(readFileSync(found.replace(/index\.js$/, "package.json"), "utf8"));
console.log(`{"tools":{"${tool.name}":"${tool.version}"},\n"brushes":[\n${lines.join(",\n")}\n]}`);
