"""ParaLBench: any acoustic foundation model ("upstream") on any paralinguistic task.

After "ParaLBench: A Large-Scale Benchmark for Computational Paralinguistics over Acoustic
Foundation Models" (Zhang et al., IEEE TAffC 2024). The paper's exact corpora, models and head were
not available: lists, head and protocols here are this toolkit's own.

How data flows; every arrow is a file, so each step can be run, killed and repeated alone:

    corpora    data.corpora.prepare         -> EXP/data/<corpus>/*.jsonl (manifests)
    tasks      specs/<task>.yaml            -> label, classes, folds (tasks.py, folds.py)
    features   upstream(wave)               -> STORE/<upstream identity>/<pooling>/*.safetensors (store.py)
    probes     all folds x seeds x learning rates of one job at once (probes.py)
                                            -> EXP/cells/<job>.jsonl, EXP/predictions/<job>.jsonl
    results    the plan's cells, sorted     -> EXP/results.jsonl, missing.jsonl (records.py)
    statistics and leaderboard              read these through records.read(EXP)

A job is (task, corpus, upstream, probe, control, test corpus); a cell is a job's fold and seed.
`plan.py` makes the jobs from a config, `sweep.py` runs them (Dask), `jobs.py` is what a worker
does.

An upstream, made by `upstreams.load(name_or_path)`, has `sample_rate`, `frame_rate` (Hz), `layers`,
`dim`, `parameters`, and `identity`, a text that changes with weights and settings (it addresses
stored features); `upstream(wave [B, N] float32, lengths [B] samples) -> (hidden [L, B, T, D],
lengths [B] frames)`. An utterance's frames do not depend on what it is padded with.
"""
