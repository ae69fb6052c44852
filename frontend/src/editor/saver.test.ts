import { beforeEach, expect, test, vi } from "vitest";
import { ApiError, api, type Session } from "../api/client";
import type { LogEvent } from "../core/events";
import { makeLabelMap, set } from "../core/labelMap";
import { changed, flush, keepMine, makeSaver, type Saver, type State, settle, tick } from "./saver";

vi.mock("../api/client", () => ({
  ApiError: class extends Error {
    constructor(
      readonly status: number,
      message: string,
    ) {
      super(message);
    }
  },
  api: { save: vi.fn(), events: vi.fn(), session: vi.fn(), planes: vi.fn() },
}));
vi.mock("./journal", () => ({
  keyOf: () => "key",
  write: async () => undefined,
  clear: async () => undefined,
}));

const session: Session = {
  id: 1,
  image: "a",
  annotator: "ana",
  strategy: "scratch",
  state: "open",
  revision: 0,
  created: "",
  choice: {},
  minutes: 0,
  review: null,
};
const states: State[] = [];
let saver: Saver;

beforeEach(() => {
  vi.useFakeTimers();
  states.length = 0;
  const planes = [new Uint8Array(16), new Uint8Array(16)] as const;
  const map = makeLabelMap(4, 4, ...planes);
  saver = makeSaver(session, map, "page", 0, (state) => states.push(state));
  vi.mocked(api.save).mockReset();
  vi.mocked(api.events).mockReset();
  vi.mocked(api.save).mockImplementation(async (_id, revision) => ({ revision: revision + 1 }));
});

function draw(x = 0): void {
  set(saver.map, x, 0, x, 0);
  changed(saver);
}

function event(seq: number): LogEvent {
  return { kind: "focus", page: "page", seq, t: seq, wall: seq, data: {} };
}

test("a stroke that is drawn while the log is sent is not called saved", async () => {
  saver.waiting.push(event(0));
  vi.mocked(api.events).mockImplementationOnce(async () => {
    draw();
    return { new: 1 };
  });
  draw();
  expect(await flush(saver)).toBe(false);
  expect(states.at(-1)).toBe("saving");
  await vi.runAllTimersAsync();
  expect(states.at(-1)).toBe("saved");
  expect(saver.revision).toBe(2);
});

test("two sendings of the log that meet drop nothing that neither had", async () => {
  const answers: (() => void)[] = [];
  vi.mocked(api.events).mockImplementation(
    () => new Promise((resolve) => answers.push(() => resolve({ new: 1 }))),
  );
  saver.waiting.push(event(0));
  const both = [tick(saver), tick(saver)];
  saver.waiting.push(event(1));
  for (const answer of answers) answer();
  await Promise.all(both);
  expect(saver.waiting.map(({ seq }) => seq)).toEqual([1]);
});

test("settling waits for what is drawn meanwhile, and gives up where there is no server", async () => {
  vi.useRealTimers();
  vi.mocked(api.save).mockImplementationOnce(async (_id, revision) => {
    draw();
    return { revision: revision + 1 };
  });
  draw();
  expect(await settle(saver)).toBe(true);
  expect(saver.revision).toBe(2);
  vi.mocked(api.save).mockRejectedValue(new Error("no server"));
  draw();
  expect(await settle(saver)).toBe(false);
  expect(saver.state).toBe("offline");
});

test("after a conflict another's pixels of the same tile stay, and what is shown is sent", async () => {
  vi.mocked(api.save).mockRejectedValueOnce(new ApiError(409, "saved elsewhere"));
  draw(2); // in flight
  await flush(saver);
  expect(states.at(-1)).toBe("conflict");
  draw(3); // and after it
  const labels = new Uint8Array(16);
  labels[1] = 7;
  vi.mocked(api.session).mockResolvedValue({ ...session, revision: 5 });
  const planes = { width: 4, height: 4, labels, origins: new Uint8Array(16) };
  vi.mocked(api.planes).mockResolvedValue({ ...planes, revision: 5, save: "other" });
  const merged = vi.fn();
  await keepMine(saver, merged);
  expect(merged).toHaveBeenCalledOnce();
  expect([...saver.map.labels.subarray(0, 5)]).toEqual([0, 7, 2, 3, 0]);
  expect(vi.mocked(api.save).mock.lastCall?.[1]).toBe(5);
  expect([saver.revision, states.at(-1)]).toEqual([6, "saved"]);
});

test("what was submitted elsewhere takes nothing over it", async () => {
  vi.mocked(api.session).mockResolvedValue({ ...session, state: "submitted" });
  draw(2);
  await expect(keepMine(saver, () => undefined)).rejects.toThrow("submitted by now");
});

test("each save that the server has is told once", async () => {
  const told: number[] = [];
  saver.onsaved = (revision) => told.push(revision);
  vi.mocked(api.save).mockRejectedValueOnce(new Error("no server"));
  draw();
  await flush(saver);
  expect(told).toEqual([]);
  await flush(saver);
  await flush(saver);
  expect(told).toEqual([1]);
});
