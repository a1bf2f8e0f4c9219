// What the tests borrow: packages installed by tools/setup, a browser, Go. Where one is missing the test skips and names the
// variable; with EWTUNE_REQUIRE_ALL=1 that is a failure.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

export const wasmFolder = dirname(dirname(fileURLToPath(import.meta.url)));
export const root = dirname(wasmFolder);
export const npm = join(wasmFolder, 'npm');
export const dist = join(npm, 'dist');
export const peers = process.env.EWTUNE_NODE_PEERS ?? join(root, '.cache', 'node');
export const chromiumPath = process.env.EWTUNE_CHROMIUM ?? '/usr/bin/chromium';

const has = {
  EWTUNE_NODE_PEERS: existsSync(join(peers, 'node_modules')),
  EWTUNE_CHROMIUM: existsSync(chromiumPath) && existsSync(join(peers, 'node_modules', 'playwright-core')),
};

/**
 * A test that needs something installed.
 *
 * @param {keyof typeof has} need
 * @param {string} name
 * @param {(t: any) => any} body
 */
export function needs(need, name, body) {
  const missing = !has[need] && `${need} names nothing that is installed (run tools/setup/setup.sh)`;
  if (missing && process.env.EWTUNE_REQUIRE_ALL === '1') return test(name, () => Promise.reject(new Error(missing)));
  return test(name, { skip: missing }, body);
}

/** Requires a peer package. */
export const peer = createRequire(join(peers, 'package.json'));

/** Runs a command and returns what it printed; a failure carries both outputs. @param {string} command @param {string[]} args @param {object} [options] */
export function run(command, args, options) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  } catch (error) {
    throw new Error(`${command} ${args.join(' ').slice(0, 200)}\n${error.stdout}\n${error.stderr}`);
  }
}

/** @param {Uint8Array} bytes */
export const brotli = (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 } }).length;

/** Starts Debian's chromium, which asks the network for nothing. */
export async function browser() {
  const { chromium } = peer('playwright-core');
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

