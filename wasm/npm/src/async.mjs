import { client } from './client.mjs';
import source from './worker.gen.txt';

const workers = client((receive, fail) => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = (event) => fail(new Error(event.message || "The worker was blocked: worker-src of the page's Content-Security-Policy must allow blob:"));
  return {
    post: (request) => worker.postMessage(request),
    stop() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
    hold() {},
  };
});

export const { epsilon, delta, noiseMultiplier, maxSteps, maxSamplingRate, curve, check, close } = workers;
