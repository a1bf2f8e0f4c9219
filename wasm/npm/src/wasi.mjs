// What a Go program asks of its host under WASI preview 1 when it only computes: a clock, random bits for its maps, and
// somewhere to complain before it ends.

const success = 0;
const badFile = 8;

/**
 * @param {{ memory?: WebAssembly.Memory }} host filled in once the module is there
 * @returns {{ wasi_snapshot_preview1: Record<string, (...args: any[]) => number> }}
 */
export function wasi(host) {
  const view = () => new DataView(/** @type {WebAssembly.Memory} */ (host.memory).buffer);
  const bytes = (/** @type {number} */ at, /** @type {number} */ n) => new Uint8Array(/** @type {WebAssembly.Memory} */ (host.memory).buffer, at, n);
  const nothing = (/** @type {number} */ count, /** @type {number} */ size) => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return success;
  };
  return {
    wasi_snapshot_preview1: {
      args_sizes_get: nothing,
      environ_sizes_get: nothing,
      args_get: () => success,
      environ_get: () => success,
      sched_yield: () => success,
      poll_oneoff: () => success,
      fd_write(_file, vectors, n, written) {
        let text = '';
        for (let i = 0; i < n; i++) {
          const at = view().getUint32(vectors + 8 * i, true);
          text += new TextDecoder().decode(bytes(at, view().getUint32(vectors + 8 * i + 4, true)).slice());
        }
        if (text.trim()) console.error(text.trimEnd());
        view().setUint32(written, new TextEncoder().encode(text).length, true);
        return success;
      },
      fd_fdstat_get: () => badFile,
      fd_prestat_get: () => badFile, // no folders
      clock_time_get(_clock, _precision, at) {
        view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
        return success;
      },
      random_get(at, n) {
        for (let done = 0; done < n; done += 65536) crypto.getRandomValues(bytes(at + done, Math.min(65536, n - done)));
        return success;
      },
      proc_exit(code) {
        throw new Error(`the accountant ended with code ${code}`);
      },
    },
  };
}
