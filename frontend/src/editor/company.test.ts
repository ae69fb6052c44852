import { expect, test } from "vitest";
import { type Channel, join } from "./company";

/** Channels as a browser has them, that answer at once. */
function air(): (name: string) => Channel {
  const open = new Map<Channel, string>();
  return (name) => {
    const channel: Channel = {
      onmessage: null,
      postMessage: (data) => {
        for (const [other, its] of [...open]) {
          if (other !== channel && its === name) {
            (other.onmessage as (event: unknown) => void)?.({ data });
          }
        }
      },
      close: () => open.delete(channel),
    };
    open.set(channel, name);
    return channel;
  };
}

test("tabs on one map learn of each other, and of the end", () => {
  const channels = air();
  const [first, second]: [number[], number[]] = [[], []];
  const leave = join("map", "a", (n) => first.push(n), channels);
  const leaveSecond = join("map", "b", (n) => second.push(n), channels);
  join("another map", "c", (n) => second.push(100 + n), channels);
  expect([first, second]).toEqual([[1], [1]]);
  leaveSecond();
  expect(first).toEqual([1, 0]);
  leave();
  expect(second).toEqual([1]);
});
