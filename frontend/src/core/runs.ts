/**
 * The changed runs of a patch, packed: for each run the distance from the end of the run
 * before it (zigzag, since a stroke also goes back up), its length, and what its labels
 * and origins are XORed with. Numbers are of 7 bits a byte, so a run mostly takes 4 bytes.
 *
 * XOR makes one patch serve undo and redo, makes the order of runs irrelevant, and lets the
 * pointer events of a stroke simply be written one after the other.
 */

export interface RunWriter {
  bytes: Uint8Array;
  /** Bytes in use. */
  size: number;
  /** End of the last run, px index. */
  end: number;
}

/** The most bytes of one run: two numbers of up to 5 bytes and two XORs. */
const RUN_BYTES = 12;

export function makeRunWriter(): RunWriter {
  return { bytes: new Uint8Array(1024), size: 0, end: 0 };
}

/** Append a run of `length` px from the px index `start`, XORed with two bytes. */
export function writeRun(
  runs: RunWriter,
  start: number,
  length: number,
  labelXor: number,
  originXor: number,
): void {
  if (runs.size + RUN_BYTES > runs.bytes.length) {
    const larger = new Uint8Array(2 * runs.bytes.length);
    larger.set(runs.bytes);
    runs.bytes = larger;
  }
  const gap = start - runs.end;
  // Below 2^30: an image of 400 megapixels, the server's limit, fits.
  let at = writeNumber(runs.bytes, runs.size, gap < 0 ? -2 * gap - 1 : 2 * gap);
  at = writeNumber(runs.bytes, at, length);
  runs.bytes[at] = labelXor;
  runs.bytes[at + 1] = originXor;
  runs.size = at + 2;
  runs.end = start + length;
}

function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest > 127) {
    bytes[to++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

/** What is called for each run: px index, px, and the two bytes. */
export type RunVisitor = (
  start: number,
  length: number,
  labelXor: number,
  originXor: number,
) => void;

/** Go through packed runs in the order in which they were written. */
export function eachRun(bytes: Uint8Array, visit: RunVisitor): void {
  let [at, end] = [0, 0];
  while (at < bytes.length) {
    let [value, shift, byte] = [0, 0, 128];
    while (byte > 127) {
      byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      shift += 7;
    }
    const start = end + (value & 1 ? -((value + 1) / 2) : value / 2);
    [value, shift, byte] = [0, 0, 128];
    while (byte > 127) {
      byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      shift += 7;
    }
    visit(start, value, bytes[at]!, bytes[at + 1]!);
    at += 2;
    end = start + value;
  }
}
