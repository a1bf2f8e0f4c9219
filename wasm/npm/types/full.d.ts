/**
 * The whole accountant, as Go wrote it, in WebAssembly: the oracle that the small core is tested against. Two megabytes;
 * most programs want `ewtune`.
 *
 * @packageDocumentation
 */

/** The whole accountant. */
export interface FullAccountant {
  /**
   * Sends one request in the words of the `ewtune` command line (`{"command":"epsilon","sampling_rate":0.01,…}`) and
   * returns its answer.
   */
  call(request: Record<string, unknown>): Record<string, unknown>;
  /** The functions of the small core, under the same names. */
  readonly exports: Record<string, unknown>;
}

/** Starts the accountant from the bytes of `ewtune/full.wasm`, or from a compiled module. */
export function instantiate(wasm: BufferSource | WebAssembly.Module): FullAccountant;
