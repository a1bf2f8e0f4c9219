import { Worker } from 'node:worker_threads';
import { client } from './client.mjs';
import source from './worker.gen.txt';

const workers = client((receive, fail) => {
  const worker = new Worker(source, { eval: true, execArgv: [] });
  worker.on('message', receive);
  worker.on('error', fail);
  worker.unref();
  return {
    post: (request) => worker.postMessage(request),
    stop: () => void worker.terminate(),
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
  };
});

export const { epsilon, delta, noiseMultiplier, maxSteps, maxSamplingRate, curve, check, close } = workers;
