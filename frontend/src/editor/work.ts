/** A session as the editor holds it: pixels, label map, layers, history, saver. */

import { api, type ImageDetail, type Project, type Session } from "../api/client";
import { drawLocal, type LocalContrast, localContrast } from "../core/clahe";
import { decodeTiles, pasteTiles } from "../core/deltas";
import {
  type Contrast,
  contrastTable,
  drawColour,
  drawGrey,
  type Grey,
  makeGrey,
} from "../core/grey";
import { forget, type History, makeHistory } from "../core/history";
import { type LabelMap, makeLabelMap } from "../core/labelMap";
import { colourTable, drawLabels, type OverlayStyle } from "../core/render";
import { newPage } from "./clockwork";
import * as journal from "./journal";
import { type Layer, makeLayer } from "./layer";
import { makeSaver, retire, type Saver, settle } from "./saver";

export interface Work {
  session: Session;
  image: ImageDetail;
  grey: Grey;
  /** Interleaved values of a coloured image; null for a grey one. */
  colour: Uint8Array | Uint16Array | null;
  map: LabelMap;
  picture: Layer;
  overlay: Layer;
  saver: Saver;
  style: OverlayStyle;
  /** Strokes that a crash had left in the journal are back. */
  recovered: boolean;
}

/** Undo goes across images: one history for the whole page. */
export const history: History = makeHistory();

/** The last saver of each session that this page had open. */
const savers = new Map<number, Saver>();

const nothing = (): void => undefined;

export async function openWork(session: Session, onsave: Saver["onchange"]): Promise<Work> {
  const before = savers.get(session.id);
  const settled = before ? await settle(before) : false;
  if (before) retire(before);
  const image = await api.image(session.image);
  const [pixels, planes, left] = await Promise.all([
    api.pixels(image.id),
    api.planes(session.id),
    journal.read(journal.keyOf(session)).catch(() => undefined),
  ]);
  const size = { width: planes.width, height: planes.height };
  const map = makeLabelMap(size.width, size.height, planes.labels, planes.origins);
  const saver = makeSaver(session, map, newPage(), planes.revision, onsave);
  let recovered = false;
  if (left) {
    saver.waiting.push(...left.events);
    const tiles = decodeTiles(left.tiles, size);
    // A newer state is another's, but for the one save whose answer was lost.
    const mine =
      planes.revision === left.revision ||
      (planes.revision === left.revision + 1 && left.save !== "" && planes.save === left.save);
    if (tiles.length && mine) {
      pasteTiles(map, tiles);
      recovered = true;
    }
  }
  // Patches fit the map that they were made on, and no other.
  if (!settled || before?.revision !== planes.revision || recovered) forget(history, session.id);
  savers.set(session.id, saver);
  const channels = image.channels as 1 | 3;
  const style: OverlayStyle = { colours: new Uint32Array(256), outline: false, hatch: HATCH };
  return {
    session,
    image,
    grey: makeGrey(pixels.data, size, channels),
    colour: channels === 3 ? pixels.data : null,
    map,
    picture: makeLayer(size, nothing),
    overlay: makeLayer(size, (drawing, out) => drawLabels(map, style, drawing, out)),
    saver,
    style,
    recovered,
  };
}

/** Stripes over doubtful pixels: white, opaque. */
const HATCH = 0xffffffff;

/** Show the grey levels by another window, gamma or with local contrast. */
export function setContrast(work: Work, contrast: Contrast, local: boolean): void {
  const table = contrastTable(work.image.bits as 8 | 16, contrast);
  const tables: LocalContrast | null = local ? localContrast(work.grey, table) : null;
  const { grey, colour } = work;
  work.picture.tiles.clear();
  work.picture.draw = (drawing, out) => {
    if (tables) drawLocal(grey, table, tables, drawing, out);
    else if (colour) drawColour(colour, grey.width, table, drawing, out);
    else drawGrey(grey, table, drawing, out);
  };
}

/** Show the labels in other colours, as outlines, or some of them not at all. */
export function setStyle(
  work: Work,
  project: Project,
  look: { opacity: number; outline: boolean; hidden: ReadonlySet<number> },
): void {
  const colours = project.phases.map((phase) => phase.colour);
  work.style.colours = colourTable(colours, look.opacity, look.hidden);
  work.style.outline = look.outline;
  work.overlay.tiles.clear();
}
