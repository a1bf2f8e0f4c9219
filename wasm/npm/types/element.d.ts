/**
 * `<ewtune-epsilon>`: a small privacy calculator as a web component. Importing this module registers it; on a server
 * it does nothing.
 *
 * @packageDocumentation
 */
import type { Result } from './index.js';

/** Detail of the events `ewtune-change` (every new answer) and `ewtune-error`. */
export interface EwtuneChange {
  /** The answer; absent where the input is not valid. */
  result?: Result;
  /** What is wrong; absent where nothing is. */
  error?: Error;
  /** All fields as numbers. */
  plan: Record<string, number>;
}

/**
 * Attributes: `sampling-rate`, `noise-multiplier`, `steps`, `dataset-size`, `batch-size`, `epochs`, `delta`, `epsilon`;
 * `solve` (`epsilon`, `delta`, `noise`, `steps`, `rate`); `compare` (space-separated `edgeworth`, `rdp`, `gdp`);
 * `name` and `disabled` as in any form control; `lang` (`en`, `es`, `zh`, `fr`, `de`, `ja`).
 */
export interface EwtuneEpsilonElement extends HTMLElement {
  /** The answer as a number (for a form: its text). NaN where there is none. */
  readonly value: number;
  readonly result: Result | null;
  readonly form: HTMLFormElement | null;
  readonly validity: ValidityState;
  readonly validationMessage: string;
  checkValidity(): boolean;
  reportValidity(): boolean;
}

declare global {
  interface HTMLElementTagNameMap {
    'ewtune-epsilon': EwtuneEpsilonElement;
  }
}
