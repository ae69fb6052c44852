/** The label map that a choice begins with: one candidate, and phases taken from others. */

/**
 * A phase that is taken from another candidate is there exactly where that one has it:
 * where only the first has it, the other's label stands instead. As the server does it.
 *
 * @param labels - Of the chosen candidate; left alone.
 * @param taken - By phase, the labels of the candidate that it is taken from.
 */
export function composed(
  labels: Uint8Array,
  taken: ReadonlyMap<number, Uint8Array>,
): Uint8Array<ArrayBuffer> {
  const out = labels.slice();
  for (const phase of [...taken.keys()].sort((a, b) => a - b)) {
    const other = taken.get(phase)!;
    for (let i = 0; i < out.length; i++) {
      if (other[i] === phase || out[i] === phase) out[i] = other[i]!;
    }
  }
  return out;
}
