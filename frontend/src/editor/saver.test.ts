import { beforeEach, expect, test, vi } from "vitest";
import { api, type Session } from "../api/client";
import type { LogEvent } from "../core/events";
import { makeLabelMap } from "../core/labelMap";
import { changed, flush, makeSaver, type Saver, type State, settle, tick } from "./saver";

vi.mock("../api/client", () => ({
  ApiError: class extends Error {},
  api: { save: vi.fn(), events: vi.fn() },
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

function draw(): void {
  saver.map.unsaved[0] = 1;
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
