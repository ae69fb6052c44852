/** The server's routes as functions; their types come from the server's own description. */

import type { components } from "./schema";

type Schemas = components["schemas"];
export type Project = Schemas["ProjectOut"];
export type Phase = Schemas["PhaseOut"];
export type Image = Schemas["ImageOut"];
export type ImageDetail = Schemas["ImageDetailOut"];
export type Candidate = Schemas["CandidateOut"];
export type Session = Schemas["SessionOut"];
export type Choice = Schemas["ChoiceIn"];
export type Begin = Schemas["BeginIn"];
export type Version = Schemas["SessionVersionOut"];
export type Minutes = Schemas["TimeOut"];
export type Settings = Schemas["SettingsIn"];
export type Concerned = Schemas["ConcernedOut"];
export type Holdings = Schemas["HoldingsOut"];
export type Waiting = Schemas["WaitingOut"];
export type Verdict = Schemas["VerdictIn"]["verdict"];
export type Study = Schemas["StudyOut"];
export type Task = Schemas["TaskOut"];
export type SettleRow = Schemas["SettleRowOut"];
export type Consensus = Schemas["ConsensusOut"];
export type Doubt = Schemas["DoubtOut"];
export type Decision = Schemas["DecisionOut"];
export type Prediction = Schemas["PredictionOut"];
export type Grain = "fine" | "medium" | "coarse";

/** The phases that one may label with. */
export function offered(phases: readonly Phase[]): Phase[] {
  return phases.filter((phase) => phase.merged_into === null);
}

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 where the server could not be reached. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Plane = Uint8Array | Uint16Array | Int32Array;

export interface Raster<T extends Plane = Plane> {
  data: T;
  /** As in numpy: (H, W), (H, W, 3) or (2, H, W). */
  shape: number[];
}

let annotator = "";

/** Every further request is this annotator's. */
export function actAs(name: string): void {
  annotator = name;
}

interface Extra {
  json?: unknown;
  body?: Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** Go on although the page is being closed. */
  keepalive?: boolean;
}

let lost = false;
const hearers = new Set<() => void>();

/** Hear that the server answers again; returns what ends it. */
export function onReached(hearer: () => void): () => void {
  hearers.add(hearer);
  return () => hearers.delete(hearer);
}

async function request(method: string, path: string, extra: Extra = {}): Promise<Response> {
  const headers: Record<string, string> = { ...extra.headers };
  if (annotator) headers["X-Premask-Annotator"] = encodeURIComponent(annotator);
  const init: RequestInit = { method, headers, keepalive: extra.keepalive ?? false };
  if (extra.json !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(extra.json);
  } else if (extra.body) {
    headers["Content-Type"] = "application/octet-stream";
    init.body = extra.body;
  }
  let response: Response;
  try {
    response = await fetch(`/api${path}`, init);
  } catch {
    lost = true;
    throw new ApiError(0, "the server cannot be reached; what you draw is kept in this browser");
  }
  if (lost) {
    lost = false;
    for (const hearer of hearers) hearer();
  }
  if (!response.ok) throw new ApiError(response.status, await reason(response));
  return response;
}

async function reason(response: Response): Promise<string> {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : JSON.stringify(detail);
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await request(method, path, body === undefined ? {} : { json: body })).json();
}

async function raster(path: string): Promise<Raster & { headers: Headers }> {
  const response = await request("GET", path);
  const buffer = await response.arrayBuffer();
  const shape = (response.headers.get("X-Shape") ?? "").split(",").map(Number);
  const type = response.headers.get("X-Type");
  const data =
    type === "uint16"
      ? new Uint16Array(buffer)
      : type === "int32"
        ? new Int32Array(buffer)
        : new Uint8Array(buffer);
  return { data, shape, headers: response.headers };
}

async function planesOf(path: string) {
  const { data, shape, headers } = await raster(path);
  const [, height = 0, width = 0] = shape;
  const size = height * width;
  const planes = data as Uint8Array;
  return { height, width, labels: planes.slice(0, size), origins: planes.slice(size), headers };
}

export const api = {
  project: () => json<Project>("GET", "/project"),
  changeSettings: (settings: Settings) => json<Project>("PUT", "/settings", settings),
  /** Where a phase is labelled. */
  concerned: (phase: number) => json<Concerned[]>("GET", `/phases/${phase}/concerned`),
  frameUrl: (image: string) => `/api/images/${image}/frame`,
  /** Names of the images that a calibration can reach besides this one. */
  sameFrame: (image: string) => json<string[]>("GET", `/images/${image}/same-frame`),
  calibrate: (image: string, umPerPx: number | null, alike: boolean) =>
    json<{ images: number }>("PUT", `/images/${image}/scale`, { um_per_px: umPerPx, alike }),
  setType: (image: string, type: string | null) =>
    request("PUT", `/images/${image}/type`, { json: { type } }),
  holdings: (image: string) => json<Holdings>("GET", `/images/${image}/holdings`),
  remove: (image: string, name: string) =>
    request("POST", `/images/${image}/remove`, { json: { name } }),
  signIn: (name: string) => json<{ name: string }>("POST", "/annotators", { name }),
  images: () => json<Image[]>("GET", "/images"),
  image: (id: string) => json<ImageDetail>("GET", `/images/${id}`),
  thumbnailUrl: (id: string) => `/api/images/${id}/thumbnail`,
  /** Grey (H, W) or RGB (H, W, 3), 8 or 16 bit. */
  pixels: (id: string) =>
    raster(`/images/${id}/pixels`) as Promise<Raster<Uint8Array | Uint16Array>>,
  superpixels: (id: string, grain: Grain) =>
    raster(`/images/${id}/superpixels/${grain}`) as Promise<Raster<Int32Array>>,
  regions: (candidate: number) =>
    raster(`/candidates/${candidate}/regions`) as Promise<Raster<Uint8Array>>,
  /** Phases, 255 where a region has no name; the regions themselves while none has. */
  labels: (candidate: number) =>
    raster(`/candidates/${candidate}/labels`) as Promise<Raster<Uint8Array>>,
  nameRegions: (candidate: number, names: Record<string, number | null>) =>
    json<Candidate>("PUT", `/candidates/${candidate}/names`, { names }),
  /** Name what nobody has named on this image, by the images named so far. */
  suggestNames: (image: string) => json<Candidate[]>("POST", `/images/${image}/suggest-names`),
  begin: (body: Begin) => json<Session>("POST", "/sessions", body),
  session: (id: number) => json<Session>("GET", `/sessions/${id}`),
  /** Labels and origins, (H, W) each, and the revision that they are the state of. */
  async planes(id: number) {
    const { headers, ...planes } = await planesOf(`/sessions/${id}/planes`);
    return {
      ...planes,
      revision: Number(headers.get("X-Revision")),
      /** Name of the save that made this revision. */
      save: headers.get("X-Save") ?? "",
    };
  },
  async save(id: number, revision: number, save: string, data: Uint8Array<ArrayBuffer>) {
    const headers = { "X-Revision": String(revision), "X-Save": save };
    const response = await request("PATCH", `/sessions/${id}/tiles`, { body: data, headers });
    return (await response.json()) as { revision: number };
  },
  async events(id: number, events: unknown[], keepalive = false) {
    const response = await request("POST", `/sessions/${id}/events`, {
      json: { events },
      keepalive,
    });
    return (await response.json()) as { new: number };
  },
  time: (id: number) => json<Minutes>("GET", `/sessions/${id}/time`),
  choose: (id: number, choice: Choice, revision: number) =>
    json<{ revision: number }>("POST", `/sessions/${id}/choice`, { choice, revision }),
  submit: (id: number, revision: number, note = "") =>
    json<Schemas["VersionOut"]>("POST", `/sessions/${id}/submit`, { revision, note }),
  reopen: (id: number) => json<Session>("POST", `/sessions/${id}/reopen`, {}),
  versions: (id: number) => json<Version[]>("GET", `/sessions/${id}/versions`),
  /** Images whose label maps can be settled. */
  settleRows: () => json<SettleRow[]>("GET", "/consensus"),
  consensus: (image: string, method: string, least: number) =>
    json<Consensus>("POST", `/images/${image}/consensus?method=${method}&min_px=${least}`),
  doubtRegions: (id: number) => raster(`/consensus/${id}/regions`) as Promise<Raster<Int32Array>>,
  /** The automatic map, then everybody's label map. */
  votes: (id: number) => raster(`/consensus/${id}/votes`) as Promise<Raster<Uint8Array>>,
  decide: (id: number, decisions: { region: number; label: number | null }[]) =>
    json<Decision[]>("POST", `/consensus/${id}/decisions`, { decisions }),
  finishConsensus: (id: number) =>
    json<Schemas["VersionOut"]>("POST", `/consensus/${id}/finish`, {}),
  /** Named candidates that experts verify. */
  predictions: () => json<Prediction[]>("GET", "/predictions"),
  verify: (candidate: number, verdict: "accepted" | "rejected", reason: string) =>
    json<Prediction[]>("POST", `/predictions/${candidate}`, { verdict, reason }),
  /** The passes that the study has for this annotator; null for who is in none. */
  study: () => json<Study | null>("GET", "/study"),
  /** Submitted and accepted label maps, those of others and one's own. */
  reviews: () => json<Waiting[]>("GET", "/reviews"),
  reviewPlanes: (id: number) => planesOf(`/reviews/${id}/planes`),
  review: (id: number, version: number, verdict: Verdict, note: string) =>
    json<Session>("POST", `/reviews/${id}`, { version, verdict, note }),
  restore: (id: number, version: number, revision: number) =>
    json<{ revision: number }>("POST", `/sessions/${id}/restore`, { version, revision }),
};
