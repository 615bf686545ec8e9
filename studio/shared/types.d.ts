/** What the page's scripts get from Python, as types for `tsc`; browsers never load this file. */

declare global {
  interface Window {
    /** Gradio's own. root: where it sends requests. */
    gradio_config?: { root?: string };
  }
}

/** train/site/constants.py */
export interface Constants {
  size: number; // pixels a side of a drawing
  max_seed: number;
  random_seed_max: number;
  max_psi: number;
  max_count: number;
  first_count: number; // drawings that a page begins with
  pool: number; // seeds that drawings are picked from
  max_drawings: number;
  max_favourites: number;
  num_styles: number;
  style_limit: number;
  max_keys: number;
  frame_milliseconds: number;
  speeds: number[];
  loops: string[];
  max_strokes: number;
  max_points: number;
  max_classes: number;
  min_pen_width: number;
  max_pen_width: number;
  trace: TraceSettings;
  hand: Hand;
  /** model/exports/vector.py */
  ink: { smoothing: number; min_level: number; max_level: number; max_relative_level: number };
}

/** Decoded drawings: ink from 0 to 255, `columns` drawings in a row. */
export interface Sheet {
  ink: Uint8Array;
  width: number;
  columns: number;
}

/** What a page without a server knows about a generator: a part of `Card` in model/files/checkpoint.py. */
export interface SiteCard {
  class_name: string;
  recipe: string;
  trained_on: Record<string, number>;
  metrics: Record<string, number>;
}

/** train/site/site.py */
export interface SiteSettings {
  constants: Constants;
  base: string; // the page's address without its query
  firstClass: string;
  hub: string; // owner/name[@revision] of a collection; empty for none
  endpoint: string; // of the Hub
  drafts: Record<string, number>; // class to number of drawings
  draftsHash: string;
  tiles: Record<string, [place: number, seed: number]>;
  words: Record<string, Words>;
  partners: Record<string, string[]>;
}

/** What `mount` gets. `server` is the only way to Python; each of its functions takes one list. */
export interface Component<Props = object, Server = object> {
  element: HTMLElement;
  props: Props & { constants: Constants };
  server: Server;
  trigger(event: string, data?: object): void;
  watch(prop: string, callback: () => void): void;
}

/** A server function: nothing comes back when the server can't be reached. */
export type ServerFunction<Request extends unknown[], Answer> = (
  request: Request,
) => Promise<Answer | { error: string } | null | undefined>;

export interface Tile {
  name: string;
  draft: boolean;
  figures: string;
  recognised: number | null;
}

/** Everyday words for a class: for the same thing, and for things that it comes closest to. */
export interface Words {
  same?: string[];
  near?: string[];
}

export interface Catalog {
  tiles: Tile[];
  words: { [name: string]: Words };
  wall: number;
  screenful: number; // tiles in one picture
  version: number; // of the list of classes
}

/** Drawings of one screenful's classes; no sheet if there is no such screenful. */
export interface Screenful {
  sheet: string | Sheet; // a data URL, or what it holds
  seeds: number[];
}

export interface CatalogServer {
  catalog: ServerFunction<[], Catalog>;
  screenful(request: [number: number, wall: number, version: number]): Promise<Screenful | null | undefined>;
}

export type Export = { text: string } | { filename: string; url: string };

export interface ExportServer {
  export: ServerFunction<unknown[], Export>;
}

/** Drawings of one class: those of `seeds`, or, if there are none, of `count` seeds from `seed` on. */
export interface View {
  name: string;
  seed: number;
  seeds: number[];
  psi: number;
  count: number;
  style: number[];
}

export interface DrawAnswer {
  sheet: string | Sheet; // a data URL, or what it holds
  columns: number;
  name: string;
  origin: string; // HTML
  revision: string;
}

export interface OpenedLink extends DrawAnswer {
  state: View;
  picked: boolean; // whether the state's seeds are picked ones
  message: string;
}

export interface DrawServer extends CatalogServer, ExportServer {
  drawings: ServerFunction<[name: string, groups: unknown[][]], DrawAnswer>;
  pick: ServerFunction<
    [name: string, seed: number, count: number, psi: number, style: number[]],
    DrawAnswer & { seeds: number[] }
  >;
  open_link: ServerFunction<[query: string], OpenedLink>;
}

/** How to draw one drawing again: by its seed, or by its latent if it has one. */
export interface Wish {
  name: string;
  seed: number;
  psi: number;
  style: number[];
  latent: number[];
}

export interface Favourite extends Wish {
  ink: string; // its pixels, as base64
}

export interface FavouritesServer {
  favourite_drawings: ServerFunction<[favourites: Wish[]], { sheet: string | Sheet; columns: number; names: string[] }>;
  export_favourites: ServerFunction<[kind: string, favourites: Wish[], look: string, width: number], Export>;
}

/** A morph as a link holds it; a link can hold anything. */
export interface MorphLink {
  name: string;
  into: string;
  psi: number | string;
  seeds: (number | string)[];
}

export interface MorphAnswer {
  sheet: string | Sheet;
  columns: number;
  frames: number;
  keys: number[]; // the key drawings' places on the sheet
  name: string;
  into: string;
  partners: string[];
  origin: string;
}

export interface MorphServer extends CatalogServer, ExportServer {
  morph: ServerFunction<
    [name: string, into: string | null, seeds: (number | string)[], psi: number | string],
    MorphAnswer
  >;
}

/** model/tracing/settings.py, by name */
export type TraceSettings = { [name: string]: number };

/** model/exports/self_drawing.py */
export interface Hand {
  pace: number;
  lift_seconds: number;
  dot_seconds: number;
  min_seconds: number;
  max_seconds: number;
  tip_colour: string;
  tip: number;
  reveal: number;
}

/** model/pen/strokes.py */
export interface PenStroke {
  points: Point[]; // in pixels of the drawing
  corners: number[];
  isClosed: boolean;
  ink: number;
  length: number;
}

export type Point = [x: number, y: number];
export type Stroke = Point[];

export interface Recognition {
  top: [name: string, share: number][];
  message: string;
  picture?: string;
}

export interface YoursServer extends CatalogServer {
  recognise: ServerFunction<[strokes: Stroke[]], Recognition>;
}
