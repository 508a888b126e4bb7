"""Rule files are read strictly, and can be made faster without changing what they say."""

import pytest

from lab.alerting.rules import RuleError, fill, load_rules, parse_rules, scaled

ONE_RULE = """
groups:
  - name: g
    rules:
      - alert: A
        expr: {expr}
        for: 1m30s
        annotations: {{summary: '{summary}'}}
{more}
"""


def one_rule(expr: str = "up == 0", summary: str = "text", more: str = "") -> str:
    return ONE_RULE.format(expr=expr, summary=summary, more=more)


def test_the_shipped_rules_are_within_the_evaluators_reach():
    names = [rule.alert for rule in load_rules().rules]
    assert names == ["NoLeader", "MultipleLeaders", "ElectionStorm", "NodeDown", "NeumannMetricsAbsent"]


def test_ten_times_faster_divides_every_wait_and_every_range():
    faster = {rule.alert: rule for rule in scaled(load_rules(), 10).rules}
    assert faster["NoLeader"].for_s == 3.0
    assert "[6s]" in faster["ElectionStorm"].expr


def test_a_quoted_text_that_looks_like_a_range_stays():
    rule = scaled(parse_rules(one_rule("""'rate(x{a="[1m]"}[1m]) > 0'""")), 10).rules[0]
    assert rule.expr == 'rate(x{a="[1m]"}[6s]) > 0'


def test_scaled_rules_written_for_prometheus_read_back_the_same():
    faster = scaled(load_rules(), 7)
    again = parse_rules(faster.to_yaml())
    assert [(r.alert, r.expr, r.labels, r.annotations) for r in again.rules] == [
        (r.alert, r.expr, r.labels, r.annotations) for r in faster.rules
    ]
    assert [r.for_s for r in again.rules] == pytest.approx([r.for_s for r in faster.rules], abs=0.001)


def test_templates_take_labels_and_the_value():
    labels = (("cluster", "demo"),)
    assert fill("{{ $value }} in {{$labels.cluster}}{{ $labels.none }}", labels, 3.0) == "3 in demo"
    assert fill("{{ $value }}", labels, 0.25) == "0.25"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (one_rule(summary="{{ $value | humanize }}"), "humanize"),
        (one_rule(expr="avg(up)"), "A: avg"),
        (one_rule(more="        keep_firing_for: 5m"), "A: unsupported keep_firing_for"),
        (one_rule(more="        for: soon"), "A: "),
        ("groups: [{name: g, rules: [{record: r, expr: up}]}]", "not a rule file"),
        ("just words", "not a rule file"),
        ("a: [", "not a rule file"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_when_it_is_read(text: str, named: str):
    with pytest.raises(RuleError) as refused:
        parse_rules(text)
    assert named in str(refused.value)
