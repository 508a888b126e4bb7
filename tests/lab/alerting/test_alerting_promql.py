"""The evaluator computes what Prometheus computes, and refuses by name what it does not know."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab.alerting.promql import PromQLError, compile_query
from lab.alerting.samples import Labels, SampleStore, Vector, labels_of

STEP_S = 5.0
AT_S = 62.0  # off the grid, so that whether a range includes its first instant makes no difference
LATER_S = 66.0  # more than 1.1 gaps after the last sample, where Prometheus extrapolates less

SERIES: dict[str, list[float]] = {
    'role{state="Leader",node="a",cluster="x"}': [1] * 13,
    'role{state="follower",node="b",cluster="x"}': [0] * 13,
    'role{node="c",cluster="y"}': [2] * 13,
    'up{job="neumann",node="a",cluster="x"}': [1] * 13,
    'up{job="neumann",node="b",cluster="x"}': [0] * 13,
    'up{job="other",node="a",cluster="x"}': [1] * 13,
    'steady_total{node="a"}': [100 + 3.0 * n for n in range(13)],
    'restarted_total{node="a"}': [50, 52, 53, 57, 1, 2, 2, 4, 5, 6, 9, 9, 10],
    'from_zero_total{node="a"}': [0, 0, 0, 1, 1, 2, 5, 6, 6, 7, 7, 9, 11],
    'late_total{node="a"}': [9, 10, 12, 14],
}

EXACT = [
    "up",
    'up{job="neumann"}',
    'up{job!="neumann"}',
    'up{node=~"a|b",job=~"neu.*"}',
    'up{node!~"a"}',
    'role{state=~"(?i)leader"} == 1',
    'role{state=""}',
    "role > 0",
    "1 < role",
    "role != 1",
    "sum(up)",
    "sum by (cluster) (role)",
    "count by (cluster, job) (up)",
    'count by (cluster) (role{state="nothing"})',
    'up unless on (node) up{job="other"}',
    "up and on (cluster, node) role == 1",
    "up and ignoring (job, state) role",
    "role or up",
    'role or on (node) up{job="neumann"}',
    'absent(up{job="gone",node=~"a.*"})',
    'absent(up{job="gone",job="lost"})',
    "absent(up)",
    "absent(count by (cluster) (nothing))",
    "nothing",
]

NEARLY = [
    f"{function}({name}{{}}[{window}])"
    for function in ("rate", "increase")
    for name in ("steady_total", "restarted_total", "from_zero_total", "late_total")
    for window in ("30s", "1m", "5m")
]


def evaluate(text: str, at_s: float = AT_S) -> Vector:
    store = SampleStore()
    for step in range(13):
        for series, values in SERIES.items():
            if step < len(values):
                store.record(series, step * STEP_S, {labels_in(series): values[step]})
    return compile_query(text)(store, at_s)


def labels_in(series: str) -> Labels:
    name, _, rest = series.partition("{")
    pairs = (pair.split("=") for pair in rest.rstrip("}").split(","))
    return labels_of({"__name__": name} | {key: value.strip('"') for key, value in pairs})


def written(labels: Labels) -> str:
    name = dict(labels).get("__name__", "")
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels if key != "__name__") + "}"


@pytest.mark.process
@pytest.mark.parametrize("at_s", [AT_S, LATER_S])
def test_prometheus_computes_the_same(tmp_path: Path, at_s: float):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on PATH")
    exact = [(text, {written(ls): value for ls, value in evaluate(text, at_s).items()}) for text in EXACT]
    nearly = [
        (f"abs({text} - {value!r}) < bool 1e-9", {written(labels): 1.0})
        for text in NEARLY
        for labels, value in evaluate(text, at_s).items()
    ]
    assert len(nearly) == len(NEARLY) - 2  # the late series has no two samples in the last 30 s
    assert sum(bool(samples) for _, samples in exact) > len(EXACT) / 2
    file = tmp_path / "cases.yml"
    file.write_text(promtool_file(exact + nearly, at_s))
    run = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def promtool_file(cases: list[tuple[str, dict[str, float]]], at_s: float) -> str:
    series = [{"series": s, "values": " ".join(f"{v:g}" for v in values)} for s, values in SERIES.items()]
    tests = [
        {
            "expr": text,
            "eval_time": f"{at_s:g}s",
            "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
        }
        for text, samples in cases
    ]
    case = {"interval": f"{STEP_S:g}s", "input_series": series, "promql_expr_test": tests}
    return yaml.safe_dump({"evaluation_interval": f"{STEP_S:g}s", "tests": [case]})


def test_a_role_in_any_letter_case_is_found():
    (labels,) = evaluate('role{state=~"(?i)LEADER"} == 1')
    assert dict(labels)["node"] == "a"


def test_a_restart_of_the_counter_is_not_a_fall():
    ((_, value),) = evaluate("increase(restarted_total[1m])").items()
    assert 16 < value < 19  # 5 before the restart, 1 to it from zero, 9 after it, and the edges


def test_a_counter_is_not_extrapolated_below_zero():
    ((_, value),) = evaluate("increase(from_zero_total[5m])").items()
    assert 11 <= value < 12


@pytest.mark.parametrize(
    ("text", "construct"),
    [
        ("up offset 5m", "offset"),
        ("up @ 100", "offset or @"),
        ("avg(up)", "avg"),
        ("sum without (node) (up)", "without"),
        ("topk(3, up)", "topk"),
        ("histogram_quantile(0.9, up)", "histogram_quantile()"),
        ("up > bool 1", "bool"),
        ("up + 1", "+"),
        ("up > up", "a comparison of anything but a vector with a number"),
        ("rate(up[1h])", "a range over 600 s"),
        ("sum_over_time(up[1m])", "sum_over_time()"),
        ("increase(up[5m:1m])", "increase()"),
        ("up[1m]", "MatrixSelector"),
        ("1", "NumberLiteral"),
        ("-up", "UnaryExpr"),
        ('up{node=~"a(?i)b"}', "regular expression"),
        ("sum(", "not PromQL"),
    ],
)
def test_what_is_outside_the_subset_is_named_when_it_is_compiled(text: str, construct: str):
    with pytest.raises(PromQLError) as refused:
        compile_query(text)
    assert construct in str(refused.value)
