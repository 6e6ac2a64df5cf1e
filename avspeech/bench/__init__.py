"""ParaLBench: any acoustic foundation model ("upstream") on any paralinguistic task.

After "ParaLBench: A Large-Scale Benchmark for Computational Paralinguistics over Acoustic
Foundation Models" (Zhang et al., IEEE TAffC 2024). The exact corpora, models and head of the paper
were not available: the lists, the head and the protocols here are this toolkit's own.

How data flows; every arrow is a file, so each step can be run, killed and repeated alone:

    corpora    data.corpora.prepare         -> EXP/data/<corpus>/*.jsonl (manifests)
    tasks      specs/<task>.yaml            -> label, classes, folds (tasks.py, folds.py)
    features   upstream(wave)               -> STORE/<upstream identity>/<pooling>/*.safetensors
                                            (store.py)
    probes     all folds x seeds x learning rates of one job at once (probes.py)
                                            -> EXP/cells/<job>.jsonl, EXP/predictions/<job>.jsonl
    results    the plan's cells, sorted     -> EXP/results.jsonl, missing.jsonl (records.py)
    statistics and leaderboard              read these through records.read(EXP)

A job is (task, corpus, upstream, probe, control, test corpus); a cell is one fold and one seed of a
job. `plan.py` makes the jobs from a config, `sweep.py` runs them (Dask), and `jobs.py` is the code
that a worker runs.

An upstream, made by `upstreams.load(name_or_path)`, has `sample_rate`, `frame_rate` (Hz), `layers`,
`dim`, `parameters`, and `identity`, a text that changes with weights and settings (stored features
are found by it). It is called as `upstream(wave [B, N] float32, lengths [B] samples) -> (hidden
[L, B, T, D], lengths [B] frames)`. The frames of an utterance do not depend on its padding.
"""
