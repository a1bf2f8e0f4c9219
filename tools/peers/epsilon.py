"""Epsilon of five settings by other accountants, beside ewtune's: how far off, CPU seconds and peak memory of one call.

    python3 -m venv peers && peers/bin/pip install dp-accounting==0.6.0 prv-accountant==0.2.0 opacus==1.6.0
    go build -o ewtune . && peers/bin/python tools/peers/epsilon.py ./ewtune

Each call has a process of its own; the seconds are of the call alone, without imports.
"""
import json, resource, subprocess, sys, time

SETTINGS = [(.0297, .65, 606, 1e-5), (2000 / 392702, .6, 3534, 1e-6), (.01, 1., 1000, 1e-5), (.001, .8, 100000, 1e-7),
            (1e-4, .5, 1000000, 1e-10)]


def dp_accounting(kind, q, sigma, steps, delta):
    import dp_accounting as dp
    accountant = {"pld": lambda: dp.pld.PLDAccountant(), "rdp": lambda: dp.rdp.RdpAccountant()}[kind]
    step = dp.PoissonSampledDpEvent(q, dp.GaussianDpEvent(sigma))
    return lambda: [accountant().compose(step, steps).get_epsilon(delta)]


def prv_accountant(_, q, sigma, steps, delta):
    from prv_accountant.dpsgd import DPSGDAccountant
    return lambda: DPSGDAccountant(noise_multiplier=sigma, sampling_probability=q, eps_error=.01, delta_error=delta / 1000,
                                   max_steps=steps).compute_epsilon(delta=delta, num_steps=steps)


def opacus(kind, q, sigma, steps, delta):
    from opacus.accountants import create_accountant
    accountant = create_accountant(kind)
    accountant.history = [(sigma, q, steps)]
    return lambda: [accountant.get_epsilon(delta=delta)]


PEERS = [(dp_accounting, "pld"), (dp_accounting, "rdp"), (prv_accountant, "0.01"), (opacus, "prv"), (opacus, "rdp"), (opacus, "gdp")]


def measure(peer, setting):
    function, kind = PEERS[peer]
    call = function(kind, *SETTINGS[setting])
    start = time.process_time()
    values = [float(v) for v in call()]
    seconds = time.process_time() - start
    print(json.dumps([values, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main():
    ours = json.loads(subprocess.check_output([sys.argv[1], "bench", "epsilon", "--json"]))
    for i, row in enumerate(ours):
        exact = row["epsilon"]
        print(f"setting {i + 1}: ewtune {exact['estimate']:.10f} +- {(exact['upper'] - exact['lower']) / 2:.0e}, {row['ms_median']:.3f} ms", flush=True)
        for peer, (function, kind) in enumerate(PEERS):
            run = subprocess.run([sys.executable, __file__, str(peer), str(i)], capture_output=True, text=True)
            if run.returncode:
                print(f"  {function.__name__} {kind}: {run.stderr.strip().splitlines()[-1]}", flush=True)
                continue
            values, seconds, memory = json.loads(run.stdout.splitlines()[-1])
            off = ", ".join(f"{v - exact['estimate']:+.2e}" for v in values)
            print(f"  {function.__name__} {kind}: off by {off}; {seconds:.2f} s, {memory:.0f} MiB", flush=True)


if __name__ == "__main__":
    measure(int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) == 3 else main()
