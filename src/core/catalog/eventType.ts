/**
 * What the catalog knows of an event type. Pure data; the API, the dashboard and the docs are
 * generated from it (A7).
 */
import type { JsonSchema } from './schema.ts';

/** The form of the body: see envelope.ts. */
export type Family = 'messaging' | 'marketing' | 'custom';

export const FAMILIES: readonly Family[] = ['messaging', 'marketing', 'custom'];

/** A text for people, in both languages of the product. */
export interface Texts {
  en: string;
  ar: string;
}

export interface Sample {
  /** Unique within its event type. */
  name: string;
  title: Texts;
  /** The body as a receiver gets it: raw JSON text, members in their order. */
  body: string;
}

/** Something that a rule can be narrowed to: this funnel step, that tag (B2). */
export interface Scope {
  /** As in a rule's trigger: `{"scope": {"funnel_step": 2102831}}`. */
  name: string;
  title: Texts;
  /** RFC 6901 pointer in the body to the value that identifies it. */
  pointer: string;
  /** Pointer in the body to its name for people; equals `pointer` where there is no other. */
  labelPointer: string;
}

export interface EventType {
  name: string;
  family: Family;
  title: Texts;
  description: Texts;
  useCases: { en: readonly string[]; ar: readonly string[] };
  /** JSON Schema (2020-12) of `data` as it is published, not of the body. */
  schema: JsonSchema;
  samples: readonly Sample[];
  /** Pointer in the body to the contact whom the event is about; null when it is about nobody. */
  subject: string | null;
  scopes: readonly Scope[];
  /** Pointers in the body to what an event is found by (search/terms.ts); `*` is every member or element. */
  searchable: readonly string[];
}

/** Of a type that marks nothing as searchable: what stands in the two top levels of its data. */
export const DEFAULT_SEARCHABLE: Readonly<Record<Family, readonly string[]>> = {
  messaging: ['/*', '/*/*'],
  marketing: ['/data/*', '/data/*/*'],
  custom: ['/data/*', '/data/*/*'],
};

/** A sample from a JSON file of the catalog, written as the file is. No file has integer-like member names. */
export function sample(name: string, title: Texts, body: object): Sample {
  return { name, title, body: JSON.stringify(body, null, 2) };
}
